import { pseudonym } from '../../../kernel/sealing.js';
import type { Finding } from '../recognizers/finding.js';
import { type EditedText, replaceFindings } from './edits.js';

/** Enough that two values never meet by chance; short enough to read. */
const HEX_DIGITS = 32;

/**
 * Puts a keyed digest in the place of each value: the same value gives the same digest, so texts can still be
 * compared. Without the key nobody can try values out.
 */
export function hashOperator(text: string, findings: readonly Finding[], key: Buffer): EditedText {
  return replaceFindings(
    text,
    findings,
    (value, { entity }) => `<${entity}:${digestOf(key, entity, value)}>`,
  );
}

function digestOf(key: Buffer, entity: string, value: string): string {
  return pseudonym(key, JSON.stringify([entity, value])).slice(0, HEX_DIGITS);
}
