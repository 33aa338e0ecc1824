import { followingPhase, isEnded, type Phase, type RunStatus } from '../compliance/state/phases.js';
import type { PhasePlan, WorkflowDefinition } from './definitions/definition.schema.js';
import { type AgentStep, isAgentStep } from './definitions/step.schema.js';
import { conditionsOf, type WaitStep } from './definitions/wait.schema.js';
import type { WaitCondition, WaitingFor } from './runs/waiting-for.js';

/** How a step of the present phase and round stands. A failed one that is still looked at is one that may fail. */
export interface StepView {
  readonly state: 'open' | 'done' | 'failed' | 'cancelled';
  /** With open: not to be tried before. */
  readonly notBefore?: Date;
}

/** What the decision rests on. */
export interface RunView {
  readonly status: RunStatus;
  readonly phase: Phase;
  /** The steps of the present phase, in the order of the definition. */
  readonly steps: readonly StepView[];
  /** Whether the phase's artefact of this round has been made. */
  readonly artifactMade: boolean;
  /** The approval of this round. */
  readonly approval?: {
    readonly status: string;
    readonly expiresAt: Date;
    /** When people are to be told next that it waits. */
    readonly nextNoticeAt?: Date;
  };
  /** Whether the delivery has reported that every message has a known outcome. */
  readonly deliverySettled: boolean;
  /** When the run ends if it has not ended by then. */
  readonly deadlineAt: Date | null;
  /** The wait that was begun. */
  readonly waitingFor: WaitingFor | undefined;
  /** Key of the wait at a position of the present phase. */
  readonly waitKeyAt: (position: number) => string;
  /** Names of the signals that have arrived and were not taken up. */
  readonly signals: ReadonlySet<string>;
}

/** What is to be done next with a run. */
export type NextAction =
  | { readonly kind: 'run-agents'; readonly steps: readonly AgentStep[] }
  | { readonly kind: 'cancel-agents'; readonly steps: readonly AgentStep[] }
  | { readonly kind: 'fail-join'; readonly open: readonly AgentStep[] }
  | { readonly kind: 'begin-wait'; readonly key: string; readonly step: WaitStep }
  | {
      readonly kind: 'end-wait';
      readonly key: string;
      readonly by: WaitCondition;
      readonly timedOut: boolean;
    }
  | { readonly kind: 'retry-later'; readonly at: Date }
  | { readonly kind: 'make-artifact' }
  | { readonly kind: 'request-approval' }
  | { readonly kind: 'enter'; readonly phase: Phase }
  | { readonly kind: 'complete' }
  | { readonly kind: 'expire-approval' }
  | { readonly kind: 'give-notice' }
  | { readonly kind: 'time-out' }
  | { readonly kind: 'wait' };

/**
 * Decides what follows, from the definition and the state alone. The order inside a phase is fixed: its steps,
 * its artefact, its approval or delivery, then the next phase. A run that is late ends, unless it is done.
 */
export function decideNext(definition: WorkflowDefinition, view: RunView, now: Date): NextAction {
  if (isEnded(view.status)) return { kind: 'wait' };
  const action = decideInTime(definition, view, now);
  const late = view.deadlineAt !== null && view.deadlineAt <= now;
  return late && action.kind !== 'complete' ? { kind: 'time-out' } : action;
}

function decideInTime(definition: WorkflowDefinition, view: RunView, now: Date): NextAction {
  const phase = definition.phases[view.phase];
  const step =
    phase.mode === 'parallel' ? decideParallel(phase, view, now) : decideSequence(phase, view, now);
  if (step) return step;
  if (phase.artifact && !view.artifactMade) return { kind: 'make-artifact' };
  if (view.phase === 'REVIEW' && phase.approval) return afterReview(view, now);
  if (view.phase === 'DELIVERY' && phase.delivery && !view.deliverySettled) return { kind: 'wait' };
  const next = followingPhase(view.phase);
  return next === 'COMPLETED' ? { kind: 'complete' } : { kind: 'enter', phase: next };
}

function decideSequence(phase: PhasePlan, view: RunView, now: Date): NextAction | undefined {
  const position = view.steps.findIndex(({ state }) => state === 'open');
  const step = phase.agents[position];
  if (!step) return undefined;
  if (!isAgentStep(step)) return decideWait(step, view.waitKeyAt(position), view, now);
  const notBefore = view.steps[position]?.notBefore;
  return notBefore && notBefore > now
    ? { kind: 'retry-later', at: notBefore }
    : { kind: 'run-agents', steps: [step] };
}

/** What is not wanted any more once the join has what it needs is cancelled. */
function decideParallel(phase: PhasePlan, { steps }: RunView, now: Date): NextAction | undefined {
  const agents = phase.agents.filter(isAgentStep);
  const open = agents.flatMap((step, index) => {
    const view = steps[index];
    return view?.state === 'open' ? [{ step, notBefore: view.notBefore }] : [];
  });
  const stepsOpen = open.map(({ step }) => step);
  const done = steps.filter(({ state }) => state === 'done').length;
  const needed = neededBy(phase, agents.length);
  if (needed !== undefined) {
    if (done >= needed) return open.length > 0 ? { kind: 'cancel-agents', steps: stepsOpen } : undefined;
    if (done + open.length < needed) return { kind: 'fail-join', open: stepsOpen };
  }
  if (open.length === 0) return undefined;
  const due = open.filter(({ notBefore }) => !notBefore || notBefore <= now).map(({ step }) => step);
  if (due.length > 0) return { kind: 'run-agents', steps: due };
  const times = open.map(({ notBefore }) => notBefore?.getTime() ?? 0);
  return { kind: 'retry-later', at: new Date(Math.min(...times)) };
}

/** How many agents a join needs; undefined when each of them counts by itself. */
function neededBy({ join }: PhasePlan, count: number): number | undefined {
  if (join === undefined || join === 'all' || count === 0) return undefined;
  return join === 'first' ? 1 : join.quorum;
}

/** Whether a phase goes on without an agent that has failed, as long as others may still succeed. */
export function isFailureTolerated(phase: PhasePlan, step: AgentStep): boolean {
  if (step.onFailure === 'continue') return true;
  return phase.mode === 'parallel' && neededBy(phase, phase.agents.length) !== undefined;
}

/** A signal that has arrived goes before a time that has come. */
function decideWait(step: WaitStep, key: string, view: RunView, now: Date): NextAction {
  const arrived = conditionsOf(step).find(({ signal }) => signal && view.signals.has(signal.name))?.signal;
  if (arrived) {
    const by = { kind: 'signal', name: arrived.name, onTimeout: arrived.onTimeout ?? 'fail' } as const;
    return { kind: 'end-wait', key, by, timedOut: false };
  }
  if (view.waitingFor?.key !== key) return { kind: 'begin-wait', key, step };
  const [first] = view.waitingFor.conditions
    .flatMap((by) => (by.until === undefined ? [] : [{ by, at: Date.parse(by.until) }]))
    .sort((one, other) => one.at - other.at);
  if (!first || first.at > now.getTime()) return { kind: 'wait' };
  return { kind: 'end-wait', key, by: first.by, timedOut: first.by.kind === 'signal' };
}

function afterReview({ approval }: RunView, now: Date): NextAction {
  switch (approval?.status) {
    case undefined:
      return { kind: 'request-approval' };
    case 'approved':
      return { kind: 'enter', phase: 'DELIVERY' };
    case 'changes_requested':
      return { kind: 'enter', phase: 'GENERATION' };
    case 'pending':
      if (approval && approval.expiresAt <= now) return { kind: 'expire-approval' };
      return approval?.nextNoticeAt && approval.nextNoticeAt <= now
        ? { kind: 'give-notice' }
        : { kind: 'wait' };
    default:
      // Rejected, expired and cancelled approvals have ended the run in the same commit.
      return { kind: 'wait' };
  }
}
