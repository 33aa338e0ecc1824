import { digitAt, passesIcao, passesMod1110 } from '../check-digits.js';
import { isDay } from '../calendar.js';
import type { IdentifierFormat } from '../identifier-format.js';

const TAX_WORDS = [
  'steuer-?id(?:entifikationsnummer|nr|nummer)?',
  'steueridentifikationsnummer',
  'id[- ]?nr',
  'identifikationsnummer',
  'tin',
];
const TAX_NUMBER_WORDS = ['steuernummer', 'st\\.?-?\\s?nr', 'steuer-?nr', 'finanzamt', 'elster'];
const DOCUMENT = /^[CFGHJKLMNPRTVWXYZ]/;

/** Germany. */
export const GERMANY: readonly IdentifierFormat[] = [
  { entity: 'DE_TAX_ID', shapes: ['99999999999'], check: isTaxId, base: 0.3, words: TAX_WORDS },
  {
    entity: 'DE_TAX_ID',
    shapes: ['99-999-999-999'],
    separators: ' ',
    check: isTaxId,
    base: 0.6,
    words: TAX_WORDS,
  },
  {
    entity: 'DE_TAX_NUMBER',
    shapes: ['99-999-99999', '999-999-99999', '99-999-9999', '999-9999-9999'],
    separators: '/',
    base: 0.5,
    words: TAX_NUMBER_WORDS,
  },
  {
    entity: 'DE_TAX_NUMBER',
    shapes: ['9999999999', '99999999999', '9999999999999'],
    // The federal form has the state in front and a nought in the fifth place.
    check: (value) => (value.length < 13 ? undefined : isFederalTaxNumber(value)),
    base: 0.2,
    checked: 0.35,
    words: TAX_NUMBER_WORDS,
  },
  {
    entity: 'DE_VAT_ID',
    shapes: ['AA999999999', 'AA-999999999', 'AA-999-999-999'],
    separators: ' ',
    check: (value) => value.startsWith('DE') && (passesMod1110(value.slice(2)) || undefined),
    base: 0.5,
    checked: 0.8,
    words: [
      'ust-?\\s?id(?:\\s?-?nr)?',
      'umsatzsteuer\\p{L}*(?:-?nummer)?',
      'vat(?: ?(?:id|no|number))?',
      'mwst',
    ],
  },
  {
    entity: 'DE_SOCIAL_SECURITY',
    shapes: ['99999999A999', '99-999999-A-999'],
    check: isSocialSecurity,
    base: 0.75,
    words: ['sozialversicherung\\p{L}*', 'rentenversicherung\\p{L}*', 'rvnr', 'sv-?n(?:umme)?r'],
  },
  {
    entity: 'DE_HEALTH_INSURANCE',
    shapes: ['A999999999'],
    check: isHealthInsurance,
    base: 0.6,
    words: [
      'krankenkasse\\p{L}*',
      'kvnr',
      'krankenvers\\p{L}*',
      'egk(?:-nummer)?',
      'versicherten\\p{L}*',
      'gesundheitskarte',
    ],
  },
  {
    entity: 'DE_ID_CARD',
    shapes: ['AXXXXXXX9'],
    check: (value) =>
      (/^[LMNPRTVWXY]\d{8}$/.test(value) || DOCUMENT.test(value)) &&
      hasDigits(value) &&
      (passesIcao(value) || (/^T\d{8}$/.test(value) && undefined)),
    base: 0.5,
    checked: 0.55,
    words: ['personalausweis\\p{L}*', 'ausweis\\p{L}*', 'perso', 'id card', 'identity card'],
  },
  {
    entity: 'DE_PASSPORT',
    shapes: ['AXXXXXXX9'],
    check: (value) => /^[CFGHJK]/.test(value) && hasDigits(value) && (passesIcao(value) || undefined),
    base: 0.2,
    checked: 0.5,
    words: ['reisepass\\p{L}*', 'pass(?:nummer|-?nr)?', 'passport(?: ?(?:no|number))?'],
  },
  {
    entity: 'DE_FUEHRERSCHEIN',
    shapes: ['AA99999999A', 'AA999999999', 'A99AAAAAA9A', 'X99XXXXXX9X'],
    check: (value) => /[A-Z]/.test(value[0] ?? '') && (/^[A-Z]{2}\d{8}[A-Z]$/.test(value) || undefined),
    base: 0.22,
    checked: 0.5,
    words: ['f[üu]e?hrerschein\\p{L}*', 'fahrerlaubnis\\p{L}*', 'driving licen[cs]e'],
  },
  {
    entity: 'DE_LANR',
    shapes: ['999999999'],
    check: isDoctorNumber,
    base: 0.25,
    words: ['lanr', 'arztnummer', 'arzt-?nr', 'vertragsarzt\\p{L}*'],
  },
  {
    entity: 'DE_BSNR',
    shapes: ['999999999'],
    check: (value) => /^(?:0[1-9]|[1-9]\d)/.test(value) && undefined,
    base: 0.2,
    words: ['bsnr', 'betriebsst[äa]tten\\p{L}*', 'praxisnummer'],
  },
  {
    entity: 'DE_HANDELSREGISTER',
    shapes: [3, 4, 5, 6].flatMap((length) => [`AAA-${'9'.repeat(length)}`, `AAA${'9'.repeat(length)}`]),
    separators: ' ',
    check: (value) => /^HR[AB]/.test(value),
    base: 0.6,
    words: ['handelsregister\\p{L}*', 'amtsgericht'],
  },
];

function hasDigits(value: string): boolean {
  return value.replace(/\D+/g, '').length >= 4;
}

function isTaxId(value: string): boolean {
  const counts = Array.from('0123456789', (digit) => value.slice(0, 10).split(digit).length - 1);
  return !value.startsWith('0') && Math.max(...counts) <= 3 && passesMod1110(value);
}

/** The letter counts as its place in the alphabet; products count as the sum of their digits. */
function isSocialSecurity(value: string): boolean {
  const birth = Number(value.slice(2, 4));
  if (!isDay(String(birth > 50 ? birth - 50 : birth).padStart(2, '0'), value.slice(4, 6))) return false;
  const digits = value.slice(0, 8) + letterNumber(value[8]) + value.slice(9, 11);
  return crossSum(digits, [2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1]) % 10 === digitAt(value, 11);
}

function isHealthInsurance(value: string): boolean {
  const digits = letterNumber(value[0]) + value.slice(1, 9);
  return crossSum(digits, [1, 2, 1, 2, 1, 2, 1, 2, 1, 2]) % 10 === digitAt(value, 9);
}

function letterNumber(letter = 'A'): string {
  return String(letter.charCodeAt(0) - 64).padStart(2, '0');
}

function crossSum(digits: string, weights: readonly number[]): number {
  return weights.reduce((sum, weight, index) => {
    const product = weight * digitAt(digits, index);
    return sum + Math.floor(product / 10) + (product % 10);
  }, 0);
}

function isDoctorNumber(value: string): boolean {
  const sum = [4, 9, 4, 9, 4, 9].reduce((total, weight, index) => total + weight * digitAt(value, index), 0);
  return (10 - (sum % 10)) % 10 === digitAt(value, 6) && !value.startsWith('000');
}

function isFederalTaxNumber(value: string): boolean {
  return /^(?:0[1-9]|1[0-6]|2[1-9]|3[0-2]|4[01]|5\d|9[1-4])\d\d0/.test(value);
}
