import type { ChaosHistory, KeyedRow } from './chaos-history.js';

/** A guarantee that did not hold. */
export interface Finding {
  readonly rule: keyof typeof RULES;
  readonly runId?: string | undefined;
  readonly detail: string;
}

/** Every rule with what it says, as the report shows it. */
export const RULES = {
  'run.lost': 'A start that was acknowledged has no run.',
  'run.doubled': 'A run is there that nobody was told of: a start was carried out twice.',
  'run.not_completed': 'A run that was approved did not complete.',
  'request.refused': 'A request that should have been taken was refused.',
  'step.doubled': 'A step was committed twice.',
  'step.left_out': 'A run has not done the steps that the others have done.',
  'transition.doubled': 'A transition was made twice.',
  'transition.broken': 'Transitions do not follow each other.',
  'approval.lost': 'An approval that was acknowledged is not there.',
  'approval.doubled': 'A decision was recorded twice.',
  'delivery.doubled': 'A message was delivered twice.',
  'delivery.lost': 'A message that counts as sent is not in the outbox, or the reverse.',
  'delivery.uncertain': 'A message was left uncertain, where the outbox knows what it took.',
  'audit.differs': 'The audit trail tells something else than the rows.',
  'audit.invalid': 'The audit trail does not verify.',
  'sequence.gap': 'History or events of a run have a gap.',
  'job.left': 'A job was left behind.',
  'process.ended': 'A process of the product ended by itself.',
} as const;

/** Compares what was acknowledged, what stands in the tables, what was audited and what left. Empty = all is well. */
export function checkHistory(history: ChaosHistory): Finding[] {
  return [
    ...checkRuns(history),
    ...checkSteps(history),
    ...checkTransitions(history),
    ...checkApprovals(history),
    ...checkDeliveries(history),
    ...checkSequences(history),
    ...history.leftJobs.map(({ key, runId }) => ({ rule: 'job.left' as const, runId, detail: key })),
    ...(history.audit.valid
      ? []
      : [{ rule: 'audit.invalid' as const, detail: JSON.stringify(history.audit.faults).slice(0, 500) }]),
  ];
}

function checkRuns({ acknowledged, runs }: ChaosHistory): Finding[] {
  const asked = new Set(acknowledged.runs);
  const there = new Set(runs.map(({ runId }) => runId));
  return [
    ...acknowledged.refused.map((detail) => ({ rule: 'request.refused' as const, detail })),
    ...without(asked, there).map((runId) => ({ rule: 'run.lost' as const, runId, detail: 'no row' })),
    ...without(there, asked).map((runId) => ({ rule: 'run.doubled' as const, runId, detail: 'a row' })),
    ...runs
      .filter(({ status }) => status !== 'COMPLETED')
      .map(({ runId, status }) => ({ rule: 'run.not_completed' as const, runId, detail: status })),
  ];
}

function checkSteps({ runs, steps, auditedSteps }: ChaosHistory): Finding[] {
  const expected = longest(listsByRun(steps)).toSorted().join(' ');
  const ofRun = listsByRun(steps);
  const leftOut = runs
    .filter(({ status }) => status === 'COMPLETED')
    .filter(({ runId }) => [...new Set(ofRun.get(runId))].toSorted().join(' ') !== expected)
    .map(({ runId }) => ({
      rule: 'step.left_out' as const,
      runId,
      detail: `${new Set(ofRun.get(runId)).size} steps`,
    }));
  return [...doubled(steps, 'step.doubled'), ...leftOut, ...different(steps, auditedSteps, 'steps')];
}

function checkTransitions({ runs, transitions, auditedTransitions }: ChaosHistory): Finding[] {
  const ofRun = listsByRun(transitions);
  const broken = runs.flatMap(({ runId, status }): Finding[] => {
    const made = ofRun.get(runId) ?? [];
    const ends = made.map((each) => each.split(' > '));
    const follows = ends.every((each, at) => at === 0 || each[0] === ends[at - 1]?.at(-1));
    const isWhole = status !== 'COMPLETED' || ends.at(-1)?.at(-1) === 'COMPLETED';
    return follows && isWhole ? [] : [{ rule: 'transition.broken', runId, detail: made.join(', ') }];
  });
  return [
    ...doubled(transitions, 'transition.doubled'),
    ...broken,
    ...different(transitions, auditedTransitions, 'transitions'),
  ];
}

function checkApprovals({ acknowledged, decisions, auditedDecisions }: ChaosHistory): Finding[] {
  const decided = new Set(decisions.map(({ runId }) => runId));
  return [
    ...without(new Set(acknowledged.approvals), decided).map((runId) => ({
      rule: 'approval.lost' as const,
      runId,
      detail: 'no decision',
    })),
    ...doubled(decisions, 'approval.doubled'),
    ...different(decisions, auditedDecisions, 'decisions'),
  ];
}

function checkDeliveries({ deliveries, auditedSent, outbox }: ChaosHistory): Finding[] {
  const sent = deliveries.filter(({ status }) => status === 'sent');
  const rows = sent.map(({ runId, index, messageId }) => `${runId} ${index}.eml ${messageId}`);
  const files = outbox.map(({ runId, name, messageId }) => `${runId} ${name} ${messageId}`);
  const [told, found] = [new Set(rows), new Set(files)];
  const onlyOnce = [...without(told, found), ...without(found, told)];
  const keyed = sent.map(({ runId, index }) => ({ runId, key: String(index) }));
  return [
    ...doubled(keyed, 'delivery.doubled'),
    ...doubled(auditedSent, 'delivery.doubled'),
    ...doubled(
      outbox.map(({ messageId = 'without an id' }) => ({ runId: 'outbox', key: messageId })),
      'delivery.doubled',
    ),
    ...onlyOnce.map((detail) => ({ rule: 'delivery.lost' as const, detail })),
    ...deliveries
      .filter(({ status }) => status !== 'sent')
      .map(({ runId, index, status }) => ({
        rule: status === 'uncertain' ? ('delivery.uncertain' as const) : ('delivery.lost' as const),
        runId,
        detail: `${index} is ${status}`,
      })),
    ...different(sorted(keyed), sorted(auditedSent), 'deliveries'),
  ];
}

function checkSequences({ runs, sequences }: ChaosHistory): Finding[] {
  const counts = new Map(sequences.map((each) => [`${each.list} ${each.runId}`, each]));
  return runs.flatMap(({ runId, historySeq, eventSeq }) =>
    (
      [
        ['history', historySeq],
        ['events', eventSeq],
      ] as const
    ).flatMap(([list, expected]): Finding[] => {
      const { count = 0, least = 1, most = 0 } = counts.get(`${list} ${runId}`) ?? {};
      const isWhole = count === expected && most === expected && (count === 0 || least === 1);
      const detail = `${list}: ${count} rows from ${least} to ${most}, the run says ${expected}`;
      return isWhole ? [] : [{ rule: 'sequence.gap', runId, detail }];
    }),
  );
}

function doubled(rows: readonly KeyedRow[], rule: Finding['rule']): Finding[] {
  const seen = new Set<string>();
  return rows.flatMap(({ runId, key }) => {
    const name = `${runId} ${key}`;
    if (!seen.has(name)) {
      seen.add(name);
      return [];
    }
    return [{ rule, runId, detail: key }];
  });
}

/** Runs whose rows and audit records are not the same, in the same order. */
function different(rows: readonly KeyedRow[], audited: readonly KeyedRow[], what: string): Finding[] {
  const [made, told] = [listsByRun(rows), listsByRun(audited)];
  const runs = new Set([...made.keys(), ...told.keys()]);
  return [...runs]
    .filter((runId) => (made.get(runId) ?? []).join('\n') !== (told.get(runId) ?? []).join('\n'))
    .map((runId) => ({
      rule: 'audit.differs',
      runId,
      detail: `${what}: ${made.get(runId)?.length ?? 0} rows, ${told.get(runId)?.length ?? 0} records`,
    }));
}

function without(set: ReadonlySet<string>, other: ReadonlySet<string>): string[] {
  return [...set].filter((each) => !other.has(each));
}

function listsByRun(rows: readonly KeyedRow[]): Map<string, string[]> {
  const lists = new Map<string, string[]>();
  for (const { runId, key } of rows) lists.set(runId, [...(lists.get(runId) ?? []), key]);
  return lists;
}

function longest(lists: ReadonlyMap<string, readonly string[]>): string[] {
  const sets = [...lists.values()].map((list) => Array.from(new Set(list)));
  return sets.reduce((one, other) => (other.length > one.length ? other : one), []);
}

function sorted(rows: readonly KeyedRow[]): KeyedRow[] {
  return rows.toSorted((one, other) => Number(one.key) - Number(other.key));
}
