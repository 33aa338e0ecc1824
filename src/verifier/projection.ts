import { isObject, type Members } from './canonical.js';
import { Fault } from './fault.js';
import type { Leaf } from './leaf.js';

/** The columns beside a leaf, by which it was found, and what the leaf says of each. */
const COLUMNS: Readonly<Record<string, (leaf: Leaf) => unknown>> = {
  id: (leaf) => leaf.id,
  type: (leaf) => leaf.members['type'],
  outcome: (leaf) => leaf.members['outcome'],
  occurredAt: (leaf) => leaf.members['occurredAt'],
  actorType: (leaf) => (leaf.members['actor'] as Members)['type'],
  actorRef: (leaf) => (leaf.members['actor'] as Members)['ref'],
  sessionId: (leaf) => leaf.members['session'] ?? null,
  runId: (leaf) => leaf.run?.id ?? null,
  runSeq: (leaf) => leaf.run?.seq ?? null,
  runPrev: (leaf) => leaf.run?.prev ?? null,
};

/** @throws Fault `projection_differs` when a column says something else than the leaf. */
export function checkColumns(columns: unknown, leaf: Leaf): void {
  if (columns === undefined) return;
  if (!isObject(columns)) throw new Fault('line_malformed', 'the columns are not an object');
  for (const name of Object.keys(columns)) {
    const told = COLUMNS[name];
    if (!told) throw new Fault('line_malformed', `there is no column ${name}`);
    if (told(leaf) !== columns[name]) {
      throw new Fault('projection_differs', `the column ${name} is not what the leaf says`);
    }
  }
}

/** @throws Fault `filter_differs` when an event is not one that the filters let through. */
export function checkFilters(filters: Readonly<Record<string, string>>, leaf: Leaf): void {
  for (const [name, value] of Object.entries(filters)) {
    if (!passes(name, value, leaf)) {
      throw new Fault('filter_differs', `the event does not fit the filter ${name} of the export`);
    }
  }
}

function passes(name: string, value: string, leaf: Leaf): boolean {
  const occurredAt = leaf.members['occurredAt'] as string;
  switch (name) {
    case 'runId':
      return leaf.run?.id === value;
    case 'sessionId':
      return leaf.members['session'] === value;
    case 'actor':
      return (leaf.members['actor'] as Members)['ref'] === value;
    case 'type':
      return leaf.members['type'] === value;
    case 'from':
      return Date.parse(occurredAt) >= Date.parse(value);
    default:
      return Date.parse(occurredAt) < Date.parse(value);
  }
}
