import { tokensIn, type VaultEntry } from '../../compliance/pii/operators/tokenizer.js';

/** The entries of a run as those of its fork: what belonged to nobody known belongs to nobody known there. */
export function entriesForFork(
  entries: readonly VaultEntry[],
  sourceRef: string,
  forkRef: string,
): VaultEntry[] {
  return entries.map((entry) => (entry.subjectRef === sourceRef ? { ...entry, subjectRef: forkRef } : entry));
}

/**
 * The entries that a fork needs and no others: of the people who stand in its texts all that is known, so that they are
 * found wherever else they appear; of values that belong to nobody known only those that stand there.
 */
export function neededEntries(entries: readonly VaultEntry[], texts: unknown, forkRef: string): VaultEntry[] {
  const used = new Set(tokensIn(JSON.stringify(texts)));
  const subjects = new Set(
    entries.filter(({ token }) => used.has(token)).map(({ subjectRef }) => subjectRef),
  );
  return entries.filter(
    ({ token, subjectRef }) => used.has(token) || (subjectRef !== forkRef && subjects.has(subjectRef)),
  );
}
