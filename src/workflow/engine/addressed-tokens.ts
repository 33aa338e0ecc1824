import { tokensIn } from '../../compliance/pii/operators/tokenizer.js';
import type { LoadedRun } from './loaded-run.js';

/** A message of an artefact, as far as its addressing is concerned. */
interface Addressed {
  readonly to?: unknown;
  readonly subject?: unknown;
  readonly body?: unknown;
}

/**
 * How many messages hold a token that must not be restored for their recipient: one that belongs to another
 * recipient, or to nobody. Restoring it would tell one person what is another's. Messages to people who were left out are
 * not sent, and their tokens may be gone.
 */
export function countMisaddressed(loaded: LoadedRun, content: unknown): number {
  const emails = (content as { emails?: unknown } | null)?.emails;
  if (!Array.isArray(emails)) return 0;
  const notSent = loaded.leftOutAddresses();
  return (emails as Addressed[]).filter((email) => !notSent.has(email.to) && !isWellAddressed(loaded, email))
    .length;
}

/** Whether every token of a message may be restored for its recipient. */
export function isWellAddressed(loaded: LoadedRun, { to, subject, body }: Addressed): boolean {
  const recipient = loaded.entryOf(String(to));
  if (recipient?.entity !== 'EMAIL') return false;
  const allowed = new Set([recipient.subjectRef, loaded.senderRef(), loaded.runRef]);
  return tokensIn(`${String(subject)}\n${String(body)}`).every((token) => {
    const entry = loaded.entryOf(token);
    return entry !== undefined && (entry.shared || allowed.has(entry.subjectRef));
  });
}
