import type { Finding } from './finding.js';

/** A number that goes on in the next line: its groups are joined by the separator they have in the first. */
const BREAK = /\d([-. ])\d{2,6}(\r?\n)(?=\d{3,4}(?![-. ]?\d))/g;
const BEFORE = 40;
const AFTER = 12;
/** Lists of numbers have a break in each line; more than this are looked at as lines only. */
const MAX_BREAKS = 200;

/** Values cut by a line break, which no look at single lines finds. `detectIn` finds values in a piece of text. */
export function acrossLines(
  text: string,
  found: readonly Finding[],
  detectIn: (text: string) => readonly Finding[],
): Finding[] {
  if (!text.includes('\n')) return [];
  const findings: Finding[] = [];
  let breaks = 0;
  for (const match of text.matchAll(BREAK)) {
    if (++breaks > MAX_BREAKS) break;
    const [whole, separator = ' ', lineBreak = '\n'] = match;
    const at = match.index + whole.length - lineBreak.length;
    if (found.some(({ start, end }) => start < at && end >= at)) continue;
    const from = Math.max(0, at - BEFORE);
    const behind = at + lineBreak.length;
    const joined = text.slice(from, at) + separator + text.slice(behind, behind + AFTER);
    for (const finding of detectIn(joined)) {
      if (from + finding.start >= at || from + finding.end <= at + 1) continue;
      const end = behind + (from + finding.end - at - separator.length);
      findings.push({ ...finding, start: from + finding.start, end });
    }
  }
  return findings;
}
