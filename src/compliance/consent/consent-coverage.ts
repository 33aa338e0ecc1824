import { EVERY_SUBJECT } from './consent.js';

/** The newest word on one subject (or on `*`) for the purpose asked about. */
export interface ConsentState {
  readonly id: string;
  readonly subjectRef: string;
  readonly granted: boolean;
  readonly lawfulBasis: string;
}

/** Whether every subject is covered. */
export interface Coverage {
  readonly covered: boolean;
  /** How many of the subjects are not. */
  readonly missing: number;
  /** The lawful bases relied on, sorted and joined by commas; absent unless all are covered. */
  readonly basis?: string;
}

/**
 * Decides coverage. A subject's own newest word counts before `*`, so that a grant for everybody never overrules
 * somebody's withdrawal; a withdrawal for `*` ends the grants that came before it. In doubt: not covered.
 *
 * @param states the newest state of each subject that has one; ids grow with time.
 */
export function decideCoverage(states: readonly ConsentState[], subjectRefs: readonly string[]): Coverage {
  const stateOf = new Map(states.map((state) => [state.subjectRef, state]));
  const everybody = stateOf.get(EVERY_SUBJECT);
  const bases = new Set<string>();
  let missing = 0;
  for (const ref of subjectRefs) {
    const holding = holdingState(stateOf.get(ref), everybody);
    if (holding?.granted) bases.add(holding.lawfulBasis);
    else missing++;
  }
  if (missing > 0) return { covered: false, missing };
  return { covered: true, missing: 0, basis: [...bases].sort().join(',') };
}

function holdingState(
  own: ConsentState | undefined,
  everybody: ConsentState | undefined,
): ConsentState | undefined {
  if (!own || !everybody) return own ?? everybody;
  const withdrawnForAllSince = !everybody.granted && everybody.id > own.id;
  return withdrawnForAllSince ? everybody : own;
}
