import { describe, expect, it } from 'vitest';
import { parseDefinition } from './definitions/parse-definition.js';
import type { WaitingFor } from './runs/waiting-for.js';
import { decideNext, type RunView, type StepView } from './workflow.states.js';

const NOW = new Date('2030-01-01T00:00:00.000Z');
const LATER = new Date(NOW.getTime() + 60_000);

function definitionWith(generation: object) {
  return parseDefinition({
    name: 'w',
    version: 1,
    title: 'W',
    purpose: 'test',
    input: { type: 'object' },
    subjects: { recipients: '$.input.people' },
    phases: {
      INITIALIZATION: {},
      BATCH_DISCOVERY: {},
      STRATEGY_ANALYSIS: {},
      GENERATION: generation,
      REVIEW: {},
      DELIVERY: {},
    },
  });
}

function view(steps: readonly (StepView | StepView['state'])[], parts: Partial<RunView> = {}): RunView {
  return {
    status: 'RUNNING',
    phase: 'GENERATION',
    steps: steps.map((step) => (typeof step === 'string' ? { state: step } : step)),
    artifactMade: false,
    deliverySettled: false,
    deadlineAt: null,
    waitingFor: undefined,
    waitKeyAt: (position) => `wait ${position}`,
    signals: new Set(),
    ...parts,
  };
}

const agents = (...names: string[]) => names.map((as) => ({ agent: 'a', as, input: {} }));
const kindAndSteps = (generation: object, given: RunView) => {
  const action = decideNext(definitionWith(generation), given, NOW);
  return [action.kind, 'steps' in action ? action.steps.map(({ as }) => as) : undefined];
};

describe('a sequence', () => {
  const plan = { agents: agents('a', 'b') };
  it('runs one step after the other, and passes one that has failed and may', () => {
    expect(kindAndSteps(plan, view(['open', 'open']))).toEqual(['run-agents', ['a']]);
    expect(kindAndSteps(plan, view(['failed', 'open']))).toEqual(['run-agents', ['b']]);
    expect(kindAndSteps(plan, view(['done', 'done']))[0]).toBe('enter');
  });
  it('rests until a step may be tried again', () => {
    expect(kindAndSteps(plan, view([{ state: 'open', notBefore: LATER }, 'open']))[0]).toBe('retry-later');
    expect(kindAndSteps(plan, view([{ state: 'open', notBefore: NOW }, 'open']))).toEqual([
      'run-agents',
      ['a'],
    ]);
  });
});

describe('a join', () => {
  const plan = (join: unknown) => ({ mode: 'parallel', join, agents: agents('a', 'b', 'c') });
  it('of all runs what is open and waits for each of them', () => {
    expect(kindAndSteps(plan('all'), view(['open', 'done', 'open']))).toEqual(['run-agents', ['a', 'c']]);
    expect(kindAndSteps(plan('all'), view(['done', 'done', 'failed']))[0]).toBe('enter');
  });
  it('of the first cancels the rest, and fails when none is left', () => {
    expect(kindAndSteps(plan('first'), view(['open', 'done', 'open']))).toEqual([
      'cancel-agents',
      ['a', 'c'],
    ]);
    expect(kindAndSteps(plan('first'), view(['cancelled', 'done', 'cancelled']))[0]).toBe('enter');
    expect(kindAndSteps(plan('first'), view(['failed', 'failed', 'failed']))[0]).toBe('fail-join');
  });
  it('of a quorum fails as soon as it cannot be reached', () => {
    expect(kindAndSteps(plan({ quorum: 2 }), view(['failed', 'open', 'open']))[0]).toBe('run-agents');
    expect(kindAndSteps(plan({ quorum: 2 }), view(['failed', 'failed', 'open']))[0]).toBe('fail-join');
  });
  it('runs what is due and leaves what is to be tried later', () => {
    const later = { state: 'open', notBefore: LATER } as const;
    expect(kindAndSteps(plan('all'), view([later, 'open', 'done']))).toEqual(['run-agents', ['b']]);
    expect(kindAndSteps(plan('all'), view([later, 'done', 'done']))[0]).toBe('retry-later');
  });
});

describe('a wait', () => {
  const plan = {
    agents: [{ wait: { anyOf: [{ timer: { seconds: 60 } }, { signal: { name: 'go' } }] } }],
  };
  const waitingFor = (until: Date): WaitingFor => ({
    key: 'wait 0',
    jobId: '01980000-0000-7000-8000-000000000000',
    since: NOW.toISOString(),
    conditions: [
      { kind: 'timer', until: until.toISOString() },
      { kind: 'signal', name: 'go', onTimeout: 'fail' },
    ],
  });
  it('is begun once, and over when its time or its signal has come', () => {
    const decide = (parts: Partial<RunView>) => decideNext(definitionWith(plan), view(['open'], parts), NOW);
    expect(decide({}).kind).toBe('begin-wait');
    expect(decide({ waitingFor: waitingFor(LATER) }).kind).toBe('wait');
    expect(decide({ waitingFor: waitingFor(NOW) })).toMatchObject({
      kind: 'end-wait',
      by: { kind: 'timer' },
    });
    const signals = new Set(['go']);
    expect(decide({ signals })).toMatchObject({ kind: 'end-wait', by: { kind: 'signal' }, timedOut: false });
    expect(decide({ signals, waitingFor: waitingFor(NOW) })).toMatchObject({ by: { kind: 'signal' } });
  });
});

describe('a run that is late', () => {
  it('ends, unless it is done', () => {
    const late = { deadlineAt: NOW };
    expect(decideNext(definitionWith({}), view([], late), NOW).kind).toBe('time-out');
    expect(decideNext(definitionWith({}), view([], { ...late, phase: 'DELIVERY' }), NOW).kind).toBe(
      'complete',
    );
    expect(decideNext(definitionWith({}), view([], { deadlineAt: LATER }), NOW).kind).toBe('enter');
  });
});
