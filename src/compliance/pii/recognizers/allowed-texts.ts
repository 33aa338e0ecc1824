import type { Finding } from './finding.js';

/** The findings whose text is on no allow list. Case and separators do not matter: `+1 415 555 2671` is one number. */
export function withoutAllowed(
  text: string,
  findings: readonly Finding[],
  allow: readonly string[],
): Finding[] {
  const allowed = new Set(allow.map(comparable));
  return findings.filter(({ start, end }) => !allowed.has(comparable(text.slice(start, end))));
}

/** A value of letters and digits by these alone; `user+tag@…` keeps what makes it another address. */
function comparable(value: string): string {
  const folded = value.normalize('NFKC').trim().toLowerCase();
  return folded.includes('@') ? folded : folded.replace(/[^\p{L}\p{N}]+/gu, '');
}
