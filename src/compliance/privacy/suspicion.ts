/** Names of secrets and births, and the beginnings of keys: what a recogniser would ask for in front of a value. */
const TELLING_WORD =
  /passw|passphrase|pwd|secret|token|key|credential|bearer|basic |birth|born|dob|geb|xox[a-z]-|api_org_|[a-z]{2}\d\d[ .-]?[a-z0-9]{4}|:\/\/[^\s/]{0,64}:/i;

const SHORTEST_VALUE = 6;
const LONG_NUMBER_DIGITS = 7;
const LONG_WORD = 16;

/**
 * Whether a text could hold anything a recogniser is sure of. Necessary, not sufficient: one pass over the
 * characters, so that the harmless text of most log lines costs next to nothing.
 */
export function isSuspicious(text: string): boolean {
  return text.length >= SHORTEST_VALUE && (hasSuspiciousShape(text) || TELLING_WORD.test(text));
}

/** An `@`, a long number, a dotted quad, two colons, or a long word of letters and digits that is no digest. */
function hasSuspiciousShape(text: string): boolean {
  let digits = 0;
  let dots = 0;
  let gap = 0;
  let colons = 0;
  let word = 0;
  let letters = 0;
  for (let index = 0; index < text.length; index++) {
    const kind = kindOf(text.charCodeAt(index));
    if (kind === AT || (kind === COLON && ++colons > 1)) return true;
    if (kind === DIGIT) {
      digits++;
      gap = 0;
      if (digits >= LONG_NUMBER_DIGITS || (digits >= 4 && dots >= 3)) return true;
    } else if ((kind === DOT || kind === SEPARATOR || kind === DASH) && ++gap <= 3) {
      if (kind === DOT) dots++;
    } else {
      digits = dots = gap = 0;
    }
    // Bits, so that a word counts once it has a digit and letters that are not all those of lower-case hexadecimal.
    letters = kind === DIGIT ? letters | 1 : kind === LETTER || kind === UNDERSCORE ? letters | 2 : letters;
    word++;
    if (kind === SEPARATOR || kind === COLON || kind === OTHER) word = letters = 0;
    if (word >= LONG_WORD && letters === 3) return true;
  }
  return false;
}

const OTHER = 0;
const DIGIT = 1;
const LETTER = 2;
const HEX_LETTER = 3;
const DOT = 4;
const DASH = 5;
const UNDERSCORE = 6;
const SEPARATOR = 7;
const COLON = 8;
const AT = 9;

function kindOf(code: number): number {
  if (code < 128) return ASCII_KINDS[code] ?? OTHER;
  // The blanks and dashes of typesetters stand in numbers too.
  return code === 0xa0 || (code >= 0x2009 && code <= 0x2015) || code === 0x202f ? SEPARATOR : OTHER;
}

const ASCII_KINDS = Uint8Array.from({ length: 128 }, (_, code) => {
  const character = String.fromCharCode(code);
  if (/\d/.test(character)) return DIGIT;
  if (/[a-f]/.test(character)) return HEX_LETTER;
  if (/[A-Za-z]/.test(character)) return LETTER;
  const kinds: Record<string, number> = {
    '.': DOT,
    '-': DASH,
    _: UNDERSCORE,
    ' ': SEPARATOR,
    '/': SEPARATOR,
    '(': SEPARATOR,
    ')': SEPARATOR,
    ':': COLON,
    '@': AT,
  };
  return kinds[character] ?? OTHER;
});
