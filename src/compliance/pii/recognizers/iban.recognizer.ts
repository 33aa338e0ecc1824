import type { Finding } from './finding.js';
import type { Recognizer } from './recognizer.js';

/** Length of the account number by country, as registered with SWIFT. */
const LENGTHS: Readonly<Record<string, number>> = {
  AD: 24,
  AE: 23,
  AL: 28,
  AT: 20,
  AZ: 28,
  BA: 20,
  BE: 16,
  BG: 22,
  BH: 22,
  BI: 27,
  BR: 29,
  BY: 28,
  CH: 21,
  CR: 22,
  CY: 28,
  CZ: 24,
  DE: 22,
  DJ: 27,
  DK: 18,
  DO: 28,
  EE: 20,
  EG: 29,
  ES: 24,
  FI: 18,
  FK: 18,
  FO: 18,
  FR: 27,
  GB: 22,
  GE: 22,
  GI: 23,
  GL: 18,
  GR: 27,
  GT: 28,
  HN: 28,
  HR: 21,
  HU: 28,
  IE: 22,
  IL: 23,
  IQ: 23,
  IS: 26,
  IT: 27,
  JO: 30,
  KW: 30,
  KZ: 20,
  LB: 28,
  LC: 32,
  LI: 21,
  LT: 20,
  LU: 20,
  LV: 21,
  LY: 25,
  MC: 27,
  MD: 24,
  ME: 22,
  MK: 19,
  MN: 20,
  MR: 27,
  MT: 31,
  MU: 30,
  NI: 28,
  NL: 18,
  NO: 15,
  OM: 23,
  PK: 24,
  PL: 28,
  PS: 29,
  PT: 25,
  QA: 29,
  RO: 24,
  RS: 22,
  RU: 33,
  SA: 24,
  SC: 31,
  SD: 18,
  SE: 24,
  SI: 19,
  SK: 24,
  SM: 27,
  SO: 23,
  ST: 25,
  SV: 28,
  TL: 23,
  TN: 24,
  TR: 26,
  UA: 29,
  VA: 22,
  VG: 24,
  XK: 20,
  YE: 30,
};

const HEAD = /(?<![A-Za-z0-9])[A-Za-z]{2}[ -]?\d[ -]?\d/g;
const ALPHANUMERIC = /[A-Za-z0-9]/;

/** International bank account numbers, compact or in groups, by country length and check digits (mod 97). */
export const ibanRecognizer: Recognizer = {
  entity: 'IBAN',
  threshold: 0.5,
  find(text) {
    const findings: Finding[] = [];
    for (const match of text.matchAll(HEAD)) {
      const length = LENGTHS[match[0].slice(0, 2).toUpperCase()];
      const end = length === undefined ? undefined : endOfAccount(text, match.index, length);
      if (end !== undefined) findings.push({ entity: 'IBAN', start: match.index, end, score: 0.95 });
    }
    return findings;
  },
};

/** Reads as many letters and digits as the country asks for, with single separators in between. */
function endOfAccount(text: string, start: number, length: number): number | undefined {
  let account = '';
  let position = start;
  while (account.length < length && position < text.length) {
    const character = text[position] ?? '';
    if (ALPHANUMERIC.test(character)) account += character;
    else if (!isSeparator(character) || isSeparator(text[position - 1] ?? '')) return undefined;
    position++;
  }
  if (account.length < length || ALPHANUMERIC.test(text[position] ?? '')) return undefined;
  return hasValidCheckDigits(account.toUpperCase()) ? position : undefined;
}

function isSeparator(character: string): boolean {
  return character === ' ' || character === '-' || character === '\u00a0' || character === '.';
}

function hasValidCheckDigits(account: string): boolean {
  let remainder = 0;
  for (const character of account.slice(4) + account.slice(0, 4)) {
    const value = Number.parseInt(character, 36);
    remainder = (remainder * (value > 9 ? 100 : 10) + value) % 97;
  }
  return remainder === 1;
}
