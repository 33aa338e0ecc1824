import { createHash } from 'node:crypto';

const DIGITS = 16;
const known = new Map<string, string>();
/** Instructions that depend on the input would fill the memory otherwise. */
const MAX_KNOWN = 256;

/**
 * Which instructions a model was given: the first 16 hexadecimal digits of the SHA-256 of their exact text, so that a
 * change of a word is another version and whoever has the text can tell whether it was this one.
 */
export function promptVersionOf(instructions: string): string {
  let version = known.get(instructions);
  if (version === undefined) {
    version = createHash('sha256').update(instructions).digest('hex').slice(0, DIGITS);
    if (known.size >= MAX_KNOWN) known.clear();
    known.set(instructions, version);
  }
  return version;
}
