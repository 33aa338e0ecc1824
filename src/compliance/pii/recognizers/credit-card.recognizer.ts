import { wordPattern } from './context.js';
import { commonSeparator, type DigitGroup, digitRuns, digitsOf, isEmbedded, layoutOf } from './digit-runs.js';
import type { Finding } from './finding.js';
import { passesLuhn } from './luhn.js';
import type { Recognizer } from './recognizer.js';

/** How card numbers are printed: in one piece, in fours, or as American Express and Diners group them. */
const LAYOUTS = new Set([
  '4-4-4-4',
  '4-6-5',
  '4-6-4',
  '4-4-4-1',
  '4-4-4-2',
  '4-4-4-3',
  '4-4-4-4-1',
  '4-4-4-4-2',
  '4-4-4-4-3',
  '4-4-5',
  '6-13',
  '6-10',
  '8-8',
]);
const MAX_GROUPS = 5;

/** Payment card numbers: 12 to 19 digits, a known issuer range, a correct check digit. */
export const creditCardRecognizer: Recognizer = {
  entity: 'CREDIT_CARD',
  threshold: 0.5,
  digits: true,
  context: {
    boost: 0.35,
    words: wordPattern([
      'cards?',
      'credit',
      'debit',
      'visa',
      'master ?card',
      'amex',
      'american express',
      'diners',
      'discover',
      'jcb',
      'maestro',
      'pan',
      'card ?(?:no|number)',
      'kreditkarte',
      'karte',
      'kartennummer',
      'carte',
      'tarjeta',
      'carta',
      'cartão',
      'kaart',
      'karta',
      'kart',
      'kort',
      'карта',
      'карты',
      '信用卡',
      '卡号',
      'カード',
      '카드',
    ]),
  },
  find(text) {
    return digitRuns(text, 12).flatMap(({ groups }) => cardsOf(text, groups));
  },
};

function cardsOf(text: string, groups: readonly DigitGroup[]): Finding[] {
  const findings: Finding[] = [];
  for (let index = 0; index < groups.length; index++) {
    const [finding, count] = cardAt(text, groups, index);
    if (!finding) continue;
    findings.push(finding);
    index += count - 1;
  }
  return findings;
}

/** The longest card number that begins with a group, and how many groups it takes. */
function cardAt(text: string, groups: readonly DigitGroup[], index: number): [Finding | undefined, number] {
  // Every printed layout begins with four digits at least: most groups are out of the question at once.
  const head = groups[index];
  if (!head || head.end - head.start < 4) return [undefined, 1];
  for (let count = Math.min(MAX_GROUPS, groups.length - index); count >= 1; count--) {
    const parts = groups.slice(index, index + count);
    const first = parts[0];
    const last = parts.at(-1);
    if (!first || !last || (count > 1 && !LAYOUTS.has(layoutOf(parts)))) continue;
    const separator = commonSeparator(text, parts);
    if (separator === undefined || separator.length > 1) continue;
    const digits = digitsOf(text.slice(first.start, last.end));
    if (digits.length < 12 || digits.length > 19 || !passesLuhn(digits)) continue;
    const score = scoreOf(digits, count > 1);
    if (score === 0 || isCut(text, first.start, last.end, count)) continue;
    return [{ entity: 'CREDIT_CARD', start: first.start, end: last.end, score }, count];
  }
  return [undefined, 1];
}

/** A number in one piece must stand alone; printed groups may follow other groups, as an expiry date does. */
function isCut(text: string, start: number, end: number, count: number): boolean {
  return count === 1
    ? isEmbedded(text, start, end)
    : /[\p{L}\p{N}_]/u.test(`${text[start - 1] ?? ''}${text[end] ?? ''}`);
}

interface IssuerRange {
  readonly prefix: RegExp;
  readonly lengths: readonly number[];
  readonly score: number;
}

const ISSUERS: readonly IssuerRange[] = [
  { prefix: /^4/, lengths: [16, 19], score: 0.9 }, // Visa
  { prefix: /^4/, lengths: [13], score: 0.6 }, // Visa, old
  { prefix: /^5[1-5]/, lengths: [16], score: 0.9 }, // Mastercard
  { prefix: /^(?:222[1-9]|22[3-9]|2[3-6]|27[01]|2720)/, lengths: [16], score: 0.85 }, // Mastercard, 2-series
  { prefix: /^3[47]/, lengths: [15], score: 0.9 }, // American Express
  { prefix: /^3(?:0[0-5]|095|6|[89])/, lengths: [14, 15, 16, 17, 18, 19], score: 0.7 }, // Diners Club
  { prefix: /^(?:6011|64[4-9]|65)/, lengths: [16, 17, 18, 19], score: 0.85 }, // Discover
  { prefix: /^35(?:2[89]|[3-8])/, lengths: [16, 17, 18, 19], score: 0.85 }, // JCB
  { prefix: /^(?:1800|2131)/, lengths: [15], score: 0.4 }, // JCB, old: only beside words that say card
  { prefix: /^(?:62|81)/, lengths: [16, 17, 18, 19], score: 0.8 }, // UnionPay
  { prefix: /^220[0-4]/, lengths: [16, 17, 18, 19], score: 0.8 }, // Mir
  { prefix: /^(?:60|82|508)/, lengths: [16], score: 0.7 }, // RuPay
  { prefix: /^9792/, lengths: [16], score: 0.7 }, // Troy
  { prefix: /^(?:50|5[6-8]|6[0-9])/, lengths: [13, 14, 15, 16, 17, 18, 19], score: 0.55 }, // Maestro and regional
  { prefix: /^(?:50|5[6-8]|6[0-9])/, lengths: [12], score: 0.2 },
];

function scoreOf(digits: string, isGrouped: boolean): number {
  const range = ISSUERS.find(({ prefix, lengths }) => lengths.includes(digits.length) && prefix.test(digits));
  if (!range || /^(\d)\1+$/.test(digits)) return 0;
  return Math.min(1, range.score + (isGrouped ? 0.05 : 0));
}
