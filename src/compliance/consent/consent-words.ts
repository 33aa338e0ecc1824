import type { ConsentRow, FoundState } from './consent.repository.js';
import type { ConsentState } from './consent-coverage.js';
import { EVERY_PURPOSE, EVERY_SUBJECT } from './consent.js';

/**
 * The newest word on each subject and purpose, oldest first: a withdrawal elsewhere counts unless the session's own
 * word is newer. Words of the same moment contradict each other, and then the withdrawal holds.
 */
export function newestWords(
  own: readonly ConsentRow[],
  withdrawnElsewhere: readonly ConsentRow[],
): ConsentRow[] {
  const words = new Map(own.map((row) => [`${row.subject_ref} ${row.purpose}`, row]));
  for (const row of withdrawnElsewhere.flatMap((each) => forEachPurpose(each, own))) {
    const subjectAndPurpose = `${row.subject_ref} ${row.purpose}`;
    const held = words.get(subjectAndPurpose);
    if (held && held.recorded_at > row.recorded_at) continue;
    // Put last, so that among words of one moment the withdrawal comes after the grants.
    words.delete(subjectAndPurpose);
    words.set(subjectAndPurpose, row);
  }
  return [...words.values()].sort((one, other) => one.recorded_at.getTime() - other.recorded_at.getTime());
}

/** A withdrawal of everything is one of each purpose that was spoken of. */
function forEachPurpose(row: ConsentRow, own: readonly ConsentRow[]): ConsentRow[] {
  if (row.purpose !== EVERY_PURPOSE) return [row];
  return [...new Set(own.map(({ purpose }) => purpose))].map((purpose) =>
    Object.assign({}, row, { purpose }),
  );
}

/** What was taken over ends by a later withdrawal elsewhere: of the subject, or of everybody. */
export function withWithdrawals(
  states: readonly FoundState[],
  withdrawn: readonly ConsentRow[],
): ConsentState[] {
  const oldestFirst = withdrawn.toSorted(
    (one, other) => one.recorded_at.getTime() - other.recorded_at.getTime(),
  );
  const withdrawals = new Map(oldestFirst.map((row) => [row.subject_ref, row]));
  const isWithdrawn = ({ carried, recordedAt }: FoundState, ...refs: string[]) =>
    carried && refs.some((ref) => (withdrawals.get(ref)?.recorded_at ?? 0) >= recordedAt);
  const held = states.map((state) =>
    isWithdrawn(state, state.subjectRef, EVERY_SUBJECT) ? { ...state, granted: false } : state,
  );
  // Subjects that are granted with everybody only.
  const everybody = states.find((state) => state.subjectRef === EVERY_SUBJECT);
  const named = new Set(states.map((state) => state.subjectRef));
  const others = withdrawn
    .filter(({ subject_ref: ref }) => everybody && !named.has(ref) && isWithdrawn(everybody, ref))
    .map((row) => ({
      id: row.id,
      subjectRef: row.subject_ref,
      lawfulBasis: row.lawful_basis,
      granted: false,
    }));
  return [...held, ...others];
}
