/** A word of a text, with the normalised characters that stand between it and the word before. */
export interface Word {
  readonly start: number;
  readonly end: number;
  /** The separator in front, then the word in lower case: what two writings of the same value share. */
  readonly edge: string;
  /** The word alone in lower case, for the beginning of a value. */
  readonly folded: string;
}

const ASCII_WORDS = /[A-Za-z0-9]+/g;
const SPACELESS_SCRIPTS = ['Han', 'Hiragana', 'Katakana', 'Hangul', 'Thai', 'Lao', 'Khmer', 'Myanmar']
  .map((script) => `\\p{Script=${script}}`)
  .join('');
// Scripts without blanks have no words to see: there each character is one, so that a name is found in its sentence.
const UNICODE_WORDS = new RegExp(
  `[${SPACELESS_SCRIPTS}]|[[\\p{L}\\p{N}\\p{M}]--[${SPACELESS_SCRIPTS}]]+`,
  'gv',
);
const NON_ASCII = /[^\x00-\x7f]/;

/** The words of a text, in one pass. */
export function wordsOf(text: string): Word[] {
  const words: Word[] = [];
  const pattern = NON_ASCII.test(text) ? UNICODE_WORDS : ASCII_WORDS;
  let previousEnd = 0;
  for (const match of text.matchAll(pattern)) {
    const start = match.index;
    const end = start + match[0].length;
    const folded = fold(match[0]);
    words.push({ start, end, folded, edge: separatorOf(text.slice(previousEnd, start)) + folded });
    previousEnd = end;
  }
  return words;
}

const LONGEST_SEPARATOR = 64;

/** White space of any kind and length is one blank; typographic quotes and dashes are plain ones. */
function separatorOf(between: string): string {
  if (between === ' ' || between === '') return between;
  // Two words so far apart belong to no one value.
  if (between.length > LONGEST_SEPARATOR) return '\n\n';
  return between
    .replace(/\s+/g, ' ')
    .replace(/[\u2018\u2019\u02bc\u00b4`]/g, "'")
    .replace(/[\u2010-\u2015\u2212]/g, '-');
}

function fold(word: string): string {
  return NON_ASCII.test(word) ? word.normalize('NFC').toLowerCase() : word.toLowerCase();
}
