import type { Finding } from './finding.js';

const WORD = /[\p{L}\p{N}_]/u;

/** Every whole-word occurrence of listed values, whatever their case. */
export function deniedTexts(text: string, deny: Readonly<Record<string, readonly string[]>>): Finding[] {
  const folded = sameLengthLowerCase(text);
  const findings: Finding[] = [];
  for (const [entity, values] of Object.entries(deny)) {
    for (const value of values) {
      const wanted = sameLengthLowerCase(value.trim());
      if (wanted === '') continue;
      for (let at = folded.indexOf(wanted); at >= 0; at = folded.indexOf(wanted, at + wanted.length)) {
        const end = at + wanted.length;
        if (isWholeWord(text, at, end)) findings.push({ entity, start: at, end, score: 1 });
      }
    }
  }
  return findings;
}

/** Some letters grow in lower case; those stay as they are, so that offsets hold. */
function sameLengthLowerCase(text: string): string {
  const folded = text.toLowerCase();
  if (folded.length === text.length) return folded;
  return Array.from(text, (character) => {
    const lower = character.toLowerCase();
    return lower.length === character.length ? lower : character;
  }).join('');
}

function isWholeWord(text: string, start: number, end: number): boolean {
  const startsWord = WORD.test(text[start] ?? '') && WORD.test(text[start - 1] ?? '');
  const endsWord = WORD.test(text[end - 1] ?? '') && WORD.test(text[end] ?? '');
  return !startsWord && !endsWord;
}
