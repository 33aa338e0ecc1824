import { digitAt, isUniform, remainderOf, weighted } from '../check-digits.js';
import { isDay, isDayMonthYear } from '../calendar.js';
import { passesLuhn } from '../../luhn.js';
import type { IdentifierFormat } from '../identifier-format.js';

/** Czechia, Slovakia, Greece, Poland and Turkey. */
export const EAST_EUROPE: readonly IdentifierFormat[] = [
  { entity: 'PL_PESEL', shapes: ['99999999999'], check: isPesel, base: 0.5, words: ['pesel\\p{L}*'] },
  {
    entity: 'PL_NIP',
    shapes: ['999-999-99-99', '999-99-99-999'],
    separators: '- ',
    check: isNip,
    base: 0.6,
    words: ['nip\\p{L}*'],
  },
  {
    entity: 'PL_NIP',
    shapes: ['9999999999', 'AA9999999999'],
    check: isNip,
    base: 0.2,
    words: ['nip\\p{L}*'],
  },
  {
    entity: 'CZ_RC',
    shapes: ['999999-9999'],
    separators: '/',
    check: isRodneCislo,
    base: 0.65,
    words: czechWords(),
  },
  { entity: 'CZ_RC', shapes: ['9999999999'], check: isRodneCislo, base: 0.2, words: czechWords() },
  {
    entity: 'GR_AMKA',
    shapes: ['99999999999'],
    check: (value) => isDayMonthYear(value) && passesLuhn(value),
    base: 0.45,
    words: ['αμκα', 'α\\.μ\\.κ\\.α', 'amka'],
  },
  {
    entity: 'TR_NATIONAL_ID',
    shapes: ['99999999999'],
    check: isTurkish,
    base: 0.6,
    words: ['t\\.?c\\.?(?: kimlik)?', 'kimlik\\p{L}*', 'tckn'],
  },
  {
    entity: 'TR_LICENSE_PLATE',
    shapes: [
      '99-A-9999',
      '99-A-99999',
      '99-AA-999',
      '99-AA-9999',
      '99-AAA-99',
      '99-AAA-999',
      '99-AAA-9999',
      '99-A-999',
      '99-AA-99',
      '99-A-99',
    ],
    separators: ' ',
    check: (value) => /^(?:0[1-9]|[1-7]\d|8[01])/.test(value) && undefined,
    base: 0.3,
    words: ['plaka\\p{L}*', 'ara[çc]\\p{L}*', '(?:licen[cs]e|number) ?plate'],
  },
];

function czechWords(): string[] {
  return ['rodn[ée]\\p{L}* [čc][íi]sl\\p{L}*', 'r\\.?[čc]\\.?', 'rc'];
}

/** The month carries the century. */
function isPesel(value: string): boolean {
  const month = String(Number(value.slice(2, 4)) % 20).padStart(2, '0');
  return isDay(value.slice(4, 6), month) && weighted(value, [1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1]) % 10 === 0;
}

function isNip(value: string): boolean {
  const digits = value.slice(-10);
  if (value.length > 10 && !value.startsWith('PL')) return false;
  return weighted(digits, [6, 5, 7, 2, 3, 4, 5, 6, 7]) % 11 === digitAt(digits, 9) && !isUniform(digits);
}

/** 50 is added to the month of women, 20 once a day's numbers are used up. */
function isRodneCislo(value: string): boolean {
  const month = (Number(value.slice(2, 4)) % 50) % 20;
  if (!isDay(value.slice(4, 6), String(month).padStart(2, '0'))) return false;
  return remainderOf(value, 11) === 0 || (remainderOf(value.slice(0, 9), 11) === 10 && value.endsWith('0'));
}

function isTurkish(value: string): boolean {
  if (value.startsWith('0')) return false;
  const odd = weighted(value, [1, 0, 1, 0, 1, 0, 1, 0, 1]);
  const even = weighted(value, [0, 1, 0, 1, 0, 1, 0, 1]);
  const tenth = (((odd * 7 - even) % 10) + 10) % 10;
  return tenth === digitAt(value, 9) && (odd + even + tenth) % 10 === digitAt(value, 10);
}
