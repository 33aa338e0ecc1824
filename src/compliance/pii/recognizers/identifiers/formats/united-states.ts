import { passesLuhn } from '../../luhn.js';
import { isUniform, weighted } from '../check-digits.js';
import type { IdentifierFormat } from '../identifier-format.js';

/** United States. Social security numbers have a recogniser of their own. */
export const UNITED_STATES: readonly IdentifierFormat[] = [
  {
    entity: 'US_ITIN',
    shapes: ['999-99-9999', '999-999999', '99999-9999'],
    check: isItin,
    base: 0.55,
    words: itinWords(),
  },
  { entity: 'US_ITIN', shapes: ['999999999'], check: isItin, base: 0.2, words: itinWords() },
  {
    entity: 'US_PASSPORT',
    shapes: ['A99999999', '999999999'],
    base: 0.2,
    words: ['(?:us )?passport(?: ?(?:no|number|#))?', 'travel document', 'passport card'],
  },
  {
    entity: 'US_BANK_NUMBER',
    shapes: digitShapes(8, 17),
    check: (value) => !isUniform(value) && undefined,
    base: 0.2,
    // An account may be a customer's: unless a bank is spoken of, the number must follow the word at once.
    words: [
      '(?:bank|checking|savings|deposit) (?:account|acct)',
      '(?:account|acct|a/c)(?: ?(?:no|number|num))?[:. #]{0,3}$',
    ],
  },
  {
    entity: 'US_DRIVER_LICENSE',
    shapes: [
      ...digitShapes(6, 14),
      ...digitShapes(4, 14).map((shape) => `A${shape}`),
      'AA999999',
      '999AA9999',
    ],
    base: 0.22,
    words: [
      "driver'?s?'?’?s? ?licen[cs]es?",
      'driver’s licen[cs]e',
      'driving licen[cs]e',
      'dl(?: ?(?:no|number|#))?',
      'dmv',
      'licen[cs]e (?:no|number|#)',
    ],
  },
  {
    entity: 'US_MBI',
    shapes: ['9AX9AX9AA99', '9AX9-AX9-AA99'],
    check: (value) => !/[SLOIBZ]/.test(value) && !value.startsWith('0'),
    base: 0.7,
    words: ['mbi', 'medicare', 'beneficiary'],
  },
  { entity: 'US_NPI', shapes: ['9999999999'], check: isNpi, base: 0.2, words: npiWords() },
  { entity: 'US_NPI', shapes: ['9999-999-999'], check: isNpi, base: 0.5, words: npiWords() },
  {
    entity: 'ABA_ROUTING_NUMBER',
    shapes: ['999999999'],
    check: isRouting,
    base: 0.25,
    words: routingWords(),
  },
  {
    entity: 'ABA_ROUTING_NUMBER',
    shapes: ['9999-9999-9'],
    check: isRouting,
    base: 0.55,
    words: routingWords(),
  },
  {
    entity: 'MEDICAL_LICENSE',
    shapes: ['AA9999999'],
    check: (value) => /^[ABCDEFGHJKLMPRSTUX]/.test(value) && isDea(value.slice(2)),
    base: 0.6,
    words: ['dea', 'certificate', 'prescriber', 'medical licen[cs]e'],
  },
];

function itinWords(): string[] {
  return ['itin', 'individual taxpayer', 'taxpayer identification', 'tax ?id', 'tax payer'];
}

function npiWords(): string[] {
  return ['npi', 'national provider', 'provider (?:id|number|identifier)'];
}

function routingWords(): string[] {
  return ['aba', 'routing(?: transit)?(?: ?(?:no|number|#))?', 'rtn', 'bank'];
}

function digitShapes(shortest: number, longest: number): string[] {
  return Array.from({ length: longest - shortest + 1 }, (_, index) => '9'.repeat(shortest + index));
}

function isItin(value: string): boolean {
  const group = Number(value.slice(3, 5));
  const isIssued = (group >= 50 && group <= 65) || (group >= 70 && group <= 99);
  return value.startsWith('9') && isIssued && group !== 89 && group !== 93;
}

function isNpi(value: string): boolean {
  return /^[12]/.test(value) && !isUniform(value.slice(0, -1)) && passesLuhn(`80840${value}`);
}

function isRouting(value: string): boolean {
  const district = Number(value.slice(0, 2));
  const isDistrict =
    (district >= 1 && district <= 12) ||
    (district >= 21 && district <= 32) ||
    (district >= 61 && district <= 72) ||
    district === 80;
  return isDistrict && weighted(value, [3, 7, 1, 3, 7, 1, 3, 7, 1]) % 10 === 0;
}

function isDea(digits: string): boolean {
  return weighted(digits, [1, 2, 1, 2, 1, 2]) % 10 === Number(digits.at(-1));
}
