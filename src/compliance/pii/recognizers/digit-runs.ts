/** Digits that stand together. */
export interface DigitGroup {
  readonly start: number;
  readonly end: number;
}

/** A longest stretch of digit groups with at most three separator characters between two of them. */
export interface DigitRun {
  readonly groups: readonly DigitGroup[];
  readonly start: number;
  readonly end: number;
}

const RUN = /\d+(?:[ .\-/()\u00a0\u2009\u202f\u2010-\u2015]{1,3}\d+)*/g;
const GROUP = /\d+/g;

/** Every run with at least `minDigits` digits, in one pass. */
export function digitRuns(text: string, minDigits: number): DigitRun[] {
  const runs: DigitRun[] = [];
  for (const match of text.matchAll(RUN)) {
    if (match[0].length < minDigits) continue;
    const groups: DigitGroup[] = [];
    let digits = 0;
    for (const group of match[0].matchAll(GROUP)) {
      const start = match.index + group.index;
      groups.push({ start, end: start + group[0].length });
      digits += group[0].length;
    }
    if (digits >= minDigits) runs.push({ groups, start: match.index, end: match.index + match[0].length });
  }
  return runs;
}

/** Group lengths such as `4-4-4-4`. */
export function layoutOf(groups: readonly DigitGroup[]): string {
  return groups.map((group) => group.end - group.start).join('-');
}

/** The separators between the groups, or undefined when they differ from each other. */
export function commonSeparator(text: string, groups: readonly DigitGroup[]): string | undefined {
  const [first, second] = groups;
  if (!first || !second) return '';
  const separator = text.slice(first.end, second.start);
  for (let index = 2; index < groups.length; index++) {
    const before = groups[index - 1];
    const after = groups[index];
    if (before && after && text.slice(before.end, after.start) !== separator) return undefined;
  }
  return separator;
}

/** Only the digits of a span. */
export function digitsOf(text: string): string {
  return text.replace(/\D+/g, '');
}

/** Whether a number is cut out of a longer word, decimal or identifier. */
export function isEmbedded(text: string, start: number, end: number): boolean {
  const before = text[start - 1] ?? '';
  const after = text[end] ?? '';
  if (WORD.test(before) || WORD.test(after)) return true;
  if (isJoin(before) && WORD.test(text[start - 2] ?? '')) return true;
  return isJoin(after) && WORD.test(text[end + 1] ?? '');
}

const WORD = /[\p{Script=Latin}\p{Script=Cyrillic}\p{Script=Greek}\p{N}_]/u;

function isJoin(character: string): boolean {
  return character === '-' || character === '.' || character === ',' || character === '/';
}
