import { digitAt, isUniform, remainderOf, weighted } from '../check-digits.js';
import { isDay } from '../calendar.js';
import { passesLuhn } from '../../luhn.js';
import type { IdentifierFormat } from '../identifier-format.js';

const SPANISH_LETTERS = 'TRWAGMYFPDXBNJZSQVHLCKE';

/** France, Spain, Italy, Portugal and Romania. */
export const ROMANCE_EUROPE: readonly IdentifierFormat[] = [
  {
    entity: 'FR_NIR',
    shapes: [
      '999999999999999',
      '9-99-99-99-999-999-99',
      '9-99-99-9A-999-999-99',
      '999999A99999999',
      '9999999999999-99',
    ],
    check: isNir,
    base: 0.8,
    words: ['s[ée]curit[ée] sociale', 'n[°o] de s[ée]cu', 's[ée]cu', 'nir', 'insee', 'carte vitale'],
  },
  {
    entity: 'ES_NIF',
    shapes: ['99999999A', '99999999-A', '9999999A', '99-999-999-A'],
    check: isNif,
    base: 0.65,
    words: ['dni', 'nif', 'documento nacional', 'identificaci[óo]n'],
  },
  {
    entity: 'ES_NIE',
    shapes: ['A9999999A', 'A-9999999-A', 'A9999999-A'],
    check: isNie,
    base: 0.75,
    words: ['nie', 'extranjero'],
  },
  { entity: 'ES_PASSPORT', shapes: ['AAA999999'], base: 0.22, words: ['pasaporte', 'passport'] },
  {
    entity: 'IT_FISCAL_CODE',
    shapes: ['AAAAAAXXAXXAXXXA'],
    check: (value) =>
      /^[A-Z]{6}[\dL-NP-V]{2}[A-EHLMPR-T][\dL-NP-V]{2}[A-MZ][\dL-NP-V]{3}[A-Z]$/.test(value) &&
      (hasFiscalCheck(value) || undefined),
    base: 0.55,
    checked: 0.9,
    words: ['codice fiscale', 'c\\.?f\\.?', 'cod\\.? fisc'],
  },
  {
    entity: 'IT_VAT_CODE',
    shapes: ['99999999999'],
    check: isPartitaIva,
    base: 0.25,
    words: ['p\\.? ?iva', 'partita iva', 'piva', 'vat'],
  },
  {
    entity: 'IT_VAT_CODE',
    shapes: ['AA99999999999'],
    check: (value) => value.startsWith('IT') && isPartitaIva(value.slice(2)),
    base: 0.8,
    words: ['p\\.? ?iva', 'partita iva', 'vat'],
  },
  {
    entity: 'IT_PASSPORT',
    shapes: ['AA9999999'],
    base: 0.2,
    words: ['passaporto', 'passport', 'documento', 'viaggio'],
  },
  {
    entity: 'IT_IDENTITY_CARD',
    shapes: ['AA99999AA', 'AA9999999', '9999999AA'],
    base: 0.2,
    words: ["carta d['’]identit[àa]", 'carta identit[àa]', 'cie', 'identit[àa]'],
  },
  {
    entity: 'IT_DRIVER_LICENSE',
    shapes: ['AA9999999A'],
    base: 0.5,
    words: ['patente', 'licen[sz]a', 'licen[cs]e', 'guida'],
  },
  {
    entity: 'IT_DRIVER_LICENSE',
    shapes: ['A9XXXXXXXA'],
    check: (value) => /^U1[B-DF-HJ-NP-TV-Z\d]{7}[A-Z]$/.test(value),
    base: 0.5,
    words: ['patente', 'licen[cs]e', 'guida'],
  },
  {
    entity: 'PT_NIF',
    shapes: ['999999999', '999-999-999'],
    check: isPortugueseNif,
    base: 0.2,
    words: ['nif', 'contribuinte(?: n[ºo°.]*)?', 'n[úu]mero fiscal', 'fiscal'],
  },
  {
    entity: 'RO_CNP',
    shapes: ['9999999999999'],
    check: isCnp,
    base: 0.65,
    words: ['cnp', 'numeric personal', 'cod numeric'],
  },
];

function isNir(value: string): boolean {
  if (
    !/^[12378]/.test(value) ||
    !/^\d{6}[\dAB]/.test(value) ||
    !/^(?:0[1-9]|1[0-2]|[2-9]\d)/.test(value.slice(3, 5))
  )
    return false;
  // Corsica is 2A and 2B in writing, 19 and 18 in the sum.
  const digits = value.slice(0, 13).replace('2A', '19').replace('2B', '18');
  return /^\d{13}$/.test(digits) && 97 - remainderOf(digits, 97) === Number(value.slice(13));
}

function isNif(value: string): boolean {
  const digits = value.slice(0, -1);
  return !isUniform(digits.slice(1)) || digits === '55555555'
    ? SPANISH_LETTERS[Number(digits) % 23] === value.at(-1)
    : false;
}

function isNie(value: string): boolean {
  const lead = 'XYZ'.indexOf(value[0] ?? '-');
  return lead >= 0 && SPANISH_LETTERS[Number(lead + value.slice(1, 8)) % 23] === value[8];
}

const ODD_VALUES = [
  1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23,
];

function hasFiscalCheck(value: string): boolean {
  let sum = 0;
  for (let index = 0; index < 15; index++) {
    const code = value.charCodeAt(index);
    const place = code >= 65 ? code - 65 : code - 48;
    sum += index % 2 === 0 ? (ODD_VALUES[place] ?? 0) : place;
  }
  return sum % 26 === value.charCodeAt(15) - 65;
}

function isPartitaIva(value: string): boolean {
  return passesLuhn(value) && !value.startsWith('0000000');
}

function isPortugueseNif(value: string): boolean {
  const check = 11 - (weighted(value, [9, 8, 7, 6, 5, 4, 3, 2]) % 11);
  return /^[1-35689]/.test(value) && (check > 9 ? 0 : check) === digitAt(value, 8);
}

function isCnp(value: string): boolean {
  if (!/^[1-9]/.test(value) || !isDay(value.slice(5, 7), value.slice(3, 5))) return false;
  const rest = weighted(value, [2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9]) % 11;
  return (rest === 10 ? 1 : rest) === digitAt(value, 12);
}
