import { describe, expect, it } from 'vitest';
import type { ChaosHistory, KeyedRow } from './chaos-history.js';
import { checkHistory } from './check-history.js';

const RUNS = ['run-a', 'run-b'];
const STEPS = ['BATCH_DISCOVERY/requirements_agent/0', 'GENERATION/email_generator/0/0', 'REVIEW/agent/0'];
const TRANSITIONS = [
  'INITIALIZATION',
  'INITIALIZATION > REVIEW',
  'REVIEW > DELIVERY',
  'DELIVERY > COMPLETED',
];

const rowsOf = (keys: readonly string[]): KeyedRow[] =>
  RUNS.flatMap((runId) => keys.map((key) => ({ runId, key })));

/** A history in which all is well. */
const WHOLE: ChaosHistory = {
  acknowledged: { runs: RUNS, approvals: RUNS, refused: [] },
  runs: RUNS.map((runId) => ({ runId, status: 'COMPLETED', historySeq: 9, eventSeq: 12 })),
  steps: rowsOf(STEPS),
  auditedSteps: rowsOf(STEPS),
  transitions: rowsOf(TRANSITIONS),
  auditedTransitions: rowsOf(TRANSITIONS),
  decisions: rowsOf(['approve']),
  auditedDecisions: rowsOf(['approve']),
  deliveries: RUNS.flatMap((runId) =>
    [0, 1].map((index) => ({ runId, index, status: 'sent', messageId: `<${runId}-${index}>`, attempts: 1 })),
  ),
  auditedSent: rowsOf(['0', '1']),
  outbox: RUNS.flatMap((runId) =>
    [0, 1].map((index) => ({ runId, name: `${index}.eml`, messageId: `<${runId}-${index}>` })),
  ),
  sequences: RUNS.flatMap((runId) => [
    { runId, list: 'history' as const, count: 9, least: 1, most: 9 },
    { runId, list: 'events' as const, count: 12, least: 1, most: 12 },
  ]),
  leftJobs: [],
  audit: { valid: true, checkedEvents: 40, faults: [] },
};

const rulesOf = (change: Partial<ChaosHistory>) => [
  ...new Set(checkHistory({ ...WHOLE, ...change }).map(({ rule }) => rule)),
];
const without = <T>(rows: readonly T[], at: number) => rows.filter((_row, index) => index !== at);
const twice = <T>(rows: readonly T[], at: number) =>
  rows.flatMap((row, index) => (index === at ? [row, row] : [row]));
const withFirst = <T>(rows: readonly T[], change: Partial<T>) =>
  rows.map((row, index) => (index === 0 ? { ...row, ...change } : row));

describe('the check of a trial', () => {
  it('finds nothing where all is well', () => {
    expect(checkHistory(WHOLE)).toEqual([]);
  });

  it.each<[string, Partial<ChaosHistory>, string[]]>([
    ['a run that was acknowledged and is gone', { runs: without(WHOLE.runs, 0) }, ['run.lost']],
    [
      'a run more than was asked for',
      { acknowledged: { ...WHOLE.acknowledged, runs: ['run-a'] } },
      ['run.doubled'],
    ],
    ['a run that did not end', { runs: withFirst(WHOLE.runs, { status: 'RUNNING' }) }, ['run.not_completed']],
    [
      'a request that was refused',
      { acknowledged: { ...WHOLE.acknowledged, refused: ['409'] } },
      ['request.refused'],
    ],
    [
      'a step that was committed twice, record and all',
      { steps: twice(WHOLE.steps, 1), auditedSteps: twice(WHOLE.auditedSteps, 1) },
      ['step.doubled'],
    ],
    ['a step with one record too many', { auditedSteps: twice(WHOLE.auditedSteps, 1) }, ['audit.differs']],
    ['a step without a record', { auditedSteps: without(WHOLE.auditedSteps, 1) }, ['audit.differs']],
    [
      'a step that only one run has done',
      { steps: without(WHOLE.steps, 1), auditedSteps: without(WHOLE.auditedSteps, 1) },
      ['step.left_out'],
    ],
    [
      'a transition that was made twice',
      { transitions: twice(WHOLE.transitions, 1), auditedTransitions: twice(WHOLE.transitions, 1) },
      ['transition.doubled', 'transition.broken'],
    ],
    [
      'a transition that is missing',
      { transitions: without(WHOLE.transitions, 1), auditedTransitions: without(WHOLE.transitions, 1) },
      ['transition.broken'],
    ],
    [
      'a last transition that is missing',
      { transitions: without(WHOLE.transitions, 3), auditedTransitions: without(WHOLE.transitions, 3) },
      ['transition.broken'],
    ],
    [
      'records of transitions in another order',
      { auditedTransitions: WHOLE.auditedTransitions.toReversed() },
      ['audit.differs'],
    ],
    [
      'an approval that was acknowledged and is gone',
      { decisions: without(WHOLE.decisions, 0), auditedDecisions: without(WHOLE.auditedDecisions, 0) },
      ['approval.lost'],
    ],
    [
      'a decision that was recorded twice',
      { decisions: twice(WHOLE.decisions, 0), auditedDecisions: twice(WHOLE.decisions, 0) },
      ['approval.doubled'],
    ],
    [
      'a message that was recorded as sent twice',
      { auditedSent: twice(WHOLE.auditedSent, 0) },
      ['delivery.doubled', 'audit.differs'],
    ],
    [
      'a message that left twice',
      { outbox: [...WHOLE.outbox, { runId: 'run-a', name: '0 (2).eml', messageId: '<run-a-0>' }] },
      ['delivery.doubled', 'delivery.lost'],
    ],
    [
      'a message of another in its place',
      { outbox: withFirst(WHOLE.outbox, { messageId: '<run-x-0>' }) },
      ['delivery.lost'],
    ],
    ['a message that is not in the outbox', { outbox: without(WHOLE.outbox, 0) }, ['delivery.lost']],
    [
      'a half-written file left behind',
      { outbox: [...WHOLE.outbox, { runId: 'run-a', name: '.0.tmp', messageId: undefined }] },
      ['delivery.lost'],
    ],
    [
      'a message left uncertain',
      { deliveries: withFirst(WHOLE.deliveries, { status: 'uncertain' }) },
      ['delivery.lost', 'delivery.uncertain', 'audit.differs'],
    ],
    ['a gap in the events', { sequences: withFirst(WHOLE.sequences, { count: 8 }) }, ['sequence.gap']],
    ['a history that is gone', { sequences: without(WHOLE.sequences, 0) }, ['sequence.gap']],
    ['a job left behind', { leftJobs: [{ runId: 'run-a', key: 'workflow.drive active' }] }, ['job.left']],
    [
      'an audit trail that does not verify',
      { audit: { valid: false, checkedEvents: 40, faults: ['leaf'] } },
      ['audit.invalid'],
    ],
  ])('finds %s', (_what, change, rules) => {
    expect(rulesOf(change).toSorted()).toEqual(rules.toSorted());
  });
});
