import { digitAt, isUniform, remainderOf, weighted } from '../check-digits.js';
import type { IdentifierFormat } from '../identifier-format.js';

/** Australia and New Zealand. */
export const OCEANIA: readonly IdentifierFormat[] = [
  {
    entity: 'AU_TFN',
    shapes: ['999999999', '999-999-999'],
    separators: ' ',
    check: isTfn,
    base: 0.25,
    words: ['tfn', 'tax file(?: ?(?:no|number))?'],
  },
  {
    entity: 'AU_ABN',
    shapes: ['99-999-999-999'],
    separators: ' ',
    check: isAbn,
    base: 0.65,
    words: ['abn', 'australian business'],
  },
  {
    entity: 'AU_ABN',
    shapes: ['99999999999'],
    check: isAbn,
    base: 0.5,
    words: ['abn', 'australian business'],
  },
  {
    entity: 'AU_ACN',
    shapes: ['999999999', '999-999-999'],
    separators: ' ',
    check: isAcn,
    base: 0.2,
    words: ['acn', 'australian company'],
  },
  {
    entity: 'AU_MEDICARE',
    shapes: ['9999-99999-9'],
    separators: ' -',
    check: isMedicare,
    base: 0.55,
    words: ['medicare(?: ?(?:no|number|card))?'],
  },
  {
    entity: 'AU_MEDICARE',
    shapes: ['9999999999', '99999999999'],
    check: isMedicare,
    base: 0.25,
    words: ['medicare(?: ?(?:no|number|card))?'],
  },
  {
    entity: 'NZ_IRD',
    shapes: ['999-999-999', '99-999-999', '999999999', '99999999'],
    separators: '-',
    check: isIrd,
    base: 0.25,
    words: ['ird(?: ?(?:no|number))?', 'inland revenue'],
  },
];

function isTfn(value: string): boolean {
  return weighted(value, [1, 4, 3, 7, 5, 8, 6, 9, 10]) % 11 === 0 && !isUniform(value);
}

/** The first digit counts one less. */
function isAbn(value: string): boolean {
  const sum = weighted(value, [10, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19]) - 10;
  return !value.startsWith('0') && sum % 89 === 0;
}

function isAcn(value: string): boolean {
  return (10 - (weighted(value, [8, 7, 6, 5, 4, 3, 2, 1]) % 10)) % 10 === digitAt(value, 8);
}

function isMedicare(value: string): boolean {
  return /^[2-6]/.test(value) && weighted(value, [1, 3, 7, 9, 1, 3, 7, 9]) % 10 === digitAt(value, 8);
}

/** A second set of weights decides when the first leaves ten. */
function isIrd(value: string): boolean {
  const digits = value.padStart(9, '0');
  if (remainderOf(digits, 1_000_000_000) < 10_000_000) return false;
  for (const weights of [
    [3, 2, 7, 6, 5, 4, 3, 2],
    [7, 4, 3, 2, 5, 2, 7, 6],
  ]) {
    const check = (11 - (weighted(digits, weights) % 11)) % 11;
    if (check < 10) return check === digitAt(digits, 8);
  }
  return false;
}
