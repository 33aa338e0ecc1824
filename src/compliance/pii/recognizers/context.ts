const BEFORE = 48;
const AFTER = 14;

/** Whether one of the words stands near the span, as {@link contextWord} looks for it. */
export function hasContext(text: string, start: number, end: number, words: RegExp): boolean {
  return contextWord(text, start, end, words) !== undefined;
}

/** The word that stands shortly before the span, or right behind it (`0171 1234567 (mobile)`). */
export function contextWord(text: string, start: number, end: number, words: RegExp): string | undefined {
  const before = words.exec(spread(text.slice(Math.max(0, start - BEFORE), start)));
  return (before ?? words.exec(tail(text, end)))?.[0];
}

/** The word nearest to a span, and how many characters lie between them. `words` is a global pattern. */
export function nearestWord(
  text: string,
  start: number,
  end: number,
  words: RegExp,
): { readonly word: string; readonly distance: number } | undefined {
  const before = spread(text.slice(Math.max(0, start - BEFORE), start));
  let nearest: { word: string; distance: number } | undefined;
  for (const match of before.matchAll(words)) {
    nearest = { word: match[0], distance: before.length - match.index - match[0].length };
  }
  if (nearest) return nearest;
  for (const match of tail(text, end).matchAll(words)) return { word: match[0], distance: match.index + 12 };
  return undefined;
}

/** A word list as one pattern; words stand alone, so `sin` is not found in `business`. */
export function wordPattern(words: readonly string[]): RegExp {
  // Letters of scripts without spaces have no word boundary, so the guards look at neighbours of alphabets only.
  const guard = '\\p{Script=Latin}\\p{Script=Cyrillic}\\p{Script=Greek}\\p{Script=Arabic}\\p{Script=Hebrew}';
  return new RegExp(`(?<![${guard}])(?:${words.join('|')})(?![${guard}])`, 'u');
}

/** The text behind a value counts up to the end of its line: the next line speaks of the next value. */
function tail(text: string, end: number): string {
  const behind = text.slice(end, end + AFTER);
  const line = behind.search(/[\n\r,;|]/);
  return spread(line < 0 ? behind : behind.slice(0, line));
}

/** Lower case, with `phoneNumber` and `phone_number` taken apart. */
function spread(text: string): string {
  return text.replace(/(\p{Ll})(\p{Lu})/gu, '$1 $2').toLowerCase();
}
