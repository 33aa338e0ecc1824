import { DISGUISE } from '../pii/recognizers/normalised-text.js';

/** Names of secrets and births, and the beginnings of keys: what a recogniser would ask for in front of a value. */
const TELLING_WORD =
  /passw|passphrase|pwd|secret|token|key|credential|bearer|basic |birth|born|dob|geb|xox[a-z]-|api_org_|[a-z]{2}\d\d[ .-]?[a-z0-9]{4}|[0-9a-f]{4}\.[0-9a-f]{4}\.|:\/\/[^\s/]{0,64}:/i;

const SHORTEST_VALUE = 6;
/** The shortest numbers of papers have five; some of those that mix them with letters four. */
const FEWEST_DIGITS = 4;
const LONG_WORD = 16;

/**
 * Whether a text could hold anything a recogniser is sure of. Necessary, not sufficient: one pass over the
 * characters, so that the harmless text of most log lines costs next to nothing.
 */
export function isSuspicious(text: string): boolean {
  if (text.length < SHORTEST_VALUE) return false;
  return hasSuspiciousShape(text) || DISGUISE.test(text) || TELLING_WORD.test(text);
}

/**
 * An `@`, some digits wherever they stand, two colons, a long word in the mixed case of an encoding or with a digit
 * in it, or anything outside ASCII but the brackets of tokens: digits and letters of other kinds hide a value.
 */
function hasSuspiciousShape(text: string): boolean {
  let digits = 0;
  let colons = 0;
  let word = 0;
  let kinds = 0;
  for (let index = 0; index < text.length; index++) {
    const kind = kindOf(text.charCodeAt(index));
    if (kind === DIGIT && ++digits >= FEWEST_DIGITS) return true;
    if (kind === COLON && ++colons > 1) return true;
    if (kind === TELLING) return true;
    if (kind === OTHER || kind === COLON) {
      word = kinds = 0;
      continue;
    }
    kinds |= kind;
    if (++word >= LONG_WORD && MIXED[kinds]) return true;
  }
  return false;
}

// Bits, so that what a word is made of is one number.
const OTHER = 0;
const DIGIT = 1;
const LOWER = 2;
const UPPER = 4;
const JOINT = 8;
const COLON = 16;
const TELLING = 32;

/** Whether a word of these kinds mixes two of digits, small and capital letters. */
const MIXED = Array.from({ length: 16 }, (_, kinds) => {
  const mixed = kinds & (DIGIT | LOWER | UPPER);
  return (mixed & (mixed - 1)) !== 0;
});

function kindOf(code: number): number {
  if (code < 128) return ASCII_KINDS[code] ?? OTHER;
  return code === 0x27e6 || code === 0x27e7 ? OTHER : TELLING;
}

const ASCII_KINDS = Uint8Array.from({ length: 128 }, (_, code) => {
  const character = String.fromCharCode(code);
  if (/\d/.test(character)) return DIGIT;
  if (/[a-z]/.test(character)) return LOWER;
  if (/[A-Z]/.test(character)) return UPPER;
  const kinds: Record<string, number> = { '.': JOINT, '-': JOINT, _: JOINT, ':': COLON, '@': TELLING };
  return kinds[character] ?? OTHER;
});
