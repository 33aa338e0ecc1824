import type { Finding } from '../recognizers/finding.js';
import { type EditedText, replaceFindings } from './edits.js';

/** Leaves what a person needs to recognise their own value, and too little to use it: `j***@e***`, `***1111`. */
export function maskOperator(text: string, findings: readonly Finding[]): EditedText {
  return replaceFindings(text, findings, (value, { entity }) => maskOf(value, entity));
}

const STARS = '***';

function maskOf(value: string, entity: string): string {
  switch (entity) {
    case 'EMAIL': {
      const at = value.lastIndexOf('@');
      return `${firstCharacter(value)}${STARS}@${firstCharacter(value.slice(at + 1))}${STARS}`;
    }
    case 'CREDIT_CARD':
    case 'IBAN':
      return STARS + lastCharacters(value, 4);
    case 'PHONE':
      return STARS + lastCharacters(value, 2);
    default:
      return STARS;
  }
}

/** By code point, so that no half of a surrogate pair is left over. */
function firstCharacter(text: string): string {
  return text === '' ? '' : String.fromCodePoint(text.codePointAt(0) ?? 0);
}

function lastCharacters(value: string, count: number): string {
  return value.replace(/[^\p{L}\p{N}]+/gu, '').slice(-count);
}
