const BEFORE = 48;
const AFTER = 14;
const FAR_AFTER = 32;

/** Whether one of the words stands near the span, as {@link contextWord} looks for it. */
export function hasContext(text: string, start: number, end: number, words: RegExp): boolean {
  return contextWord(text, start, end, words) !== undefined;
}

/** The word that stands shortly before the span, or right behind it (`0171 1234567 (mobile)`). */
export function contextWord(text: string, start: number, end: number, words: RegExp): string | undefined {
  const before = words.exec(spread(text.slice(Math.max(0, start - BEFORE), start)));
  return (before ?? words.exec(tail(text, end)))?.[0];
}

/** The text around a span, ready to be searched for words. */
export interface Surroundings {
  readonly before: string;
  readonly behind: string;
}

export function surroundingsOf(text: string, start: number, end: number): Surroundings {
  return {
    before: spread(text.slice(Math.max(0, start - BEFORE), start)),
    behind: tail(text, end, FAR_AFTER),
  };
}

/** The word nearest to a span, and how many characters lie between them. `words` is a global pattern. */
export function nearestWord(
  { before, behind }: Surroundings,
  words: RegExp,
): { readonly word: string; readonly distance: number } | undefined {
  let nearest: { word: string; distance: number } | undefined;
  words.lastIndex = 0;
  for (let match = words.exec(before); match; match = words.exec(before)) {
    nearest = { word: match[0], distance: before.length - words.lastIndex };
  }
  if (nearest) return nearest;
  const match = words.exec(behind);
  // Words mostly come first: one behind a value may as well belong to the next.
  return match ? { word: match[0], distance: match.index + 12 } : undefined;
}

/** A word list as one pattern; words stand alone, so `sin` is not found in `business`. */
export function wordPattern(words: readonly string[]): RegExp {
  // Letters of scripts without spaces have no word boundary, so the guards look at neighbours of alphabets only.
  const guard = '\\p{Script=Latin}\\p{Script=Cyrillic}\\p{Script=Greek}\\p{Script=Arabic}\\p{Script=Hebrew}';
  return new RegExp(`(?<![${guard}])(?:${words.join('|')})(?![${guard}])`, 'u');
}

/** The text behind a value counts up to the end of its line: the next line speaks of the next value. */
function tail(text: string, end: number, length = AFTER): string {
  const behind = text.slice(end, end + length);
  const line = behind.search(/[\n\r,;|]/);
  return spread(line < 0 ? behind : behind.slice(0, line));
}

/** Lower case, with `phoneNumber` and `phone_number` taken apart. */
function spread(text: string): string {
  const apart = HUMP.test(text) ? text.replace(HUMPS, '$1 $2') : text;
  return apart.toLowerCase();
}

const HUMP = /\p{Ll}\p{Lu}/u;
const HUMPS = /(\p{Ll})(\p{Lu})/gu;
