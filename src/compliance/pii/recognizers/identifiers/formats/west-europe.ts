import { isUniform, remainderOf, weighted } from '../check-digits.js';
import { isYearMonthDay } from '../calendar.js';
import type { IdentifierFormat } from '../identifier-format.js';

/** Belgium, the Netherlands, Ireland and Switzerland. */
export const WEST_EUROPE: readonly IdentifierFormat[] = [
  {
    entity: 'NL_BSN',
    shapes: ['999999999', '9999-99-999', '999-999-999'],
    check: isBsn,
    base: 0.2,
    words: ['bsn(?:-?(?:nr|nummer))?', 'burgerservicenummer', 'sofi(?:-?nummer)?', 'burger service nummer'],
  },
  {
    entity: 'BE_NRN',
    shapes: ['99-99-99-999-99'],
    separators: ' .-',
    check: isBelgian,
    base: 0.8,
    words: belgianWords(),
  },
  { entity: 'BE_NRN', shapes: ['99999999999'], check: isBelgian, base: 0.5, words: belgianWords() },
  {
    entity: 'CH_AHV',
    shapes: ['9999999999999', '999-9999-9999-99'],
    check: (value) => value.startsWith('756') && hasEanCheck(value),
    base: 0.85,
    words: ['ahv(?:-?(?:nr|nummer))?', 'avs', 'sozialversicherung\\p{L}*'],
  },
  {
    entity: 'IE_PPS',
    shapes: ['9999999A', '9999999AA'],
    check: isPps,
    base: 0.5,
    words: ['pps(?:n)?(?: ?(?:no|number))?', 'personal public service'],
  },
];

function belgianWords(): string[] {
  return [
    'rijksregister\\p{L}*',
    'registre national',
    'num[ée]ro national',
    'insz',
    'niss',
    'nationaal nummer',
  ];
}

function isBsn(value: string): boolean {
  return weighted(value, [9, 8, 7, 6, 5, 4, 3, 2, -1]) % 11 === 0 && !isUniform(value);
}

function isBelgian(value: string): boolean {
  if (!isYearMonthDay(value) && !/^\d\d(?:00|[24]\d)/.test(value)) return false;
  const check = Number(value.slice(9));
  const head = value.slice(0, 9);
  return 97 - remainderOf(head, 97) === check || 97 - remainderOf(`2${head}`, 97) === check;
}

function hasEanCheck(value: string): boolean {
  return weighted(value, [1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1]) % 10 === 0;
}

function isPps(value: string): boolean {
  const second = value.length === 9 ? value.charCodeAt(8) - 64 : 0;
  const sum = weighted(value, [8, 7, 6, 5, 4, 3, 2]) + (second === 23 ? 0 : second) * 9;
  return 'WABCDEFGHIJKLMNOPQRSTUV'[sum % 23] === value[7];
}
