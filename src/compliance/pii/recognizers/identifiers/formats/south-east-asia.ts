import { digitAt, weighted } from '../check-digits.js';
import type { IdentifierFormat } from '../identifier-format.js';

const THAI_WORDS = ['บัตรประชาชน', 'เลขประจำตัว\\p{L}*', 'เลขบัตร', 'tnin', 'thai id', 'national id'];

/** The Philippines, Singapore and Thailand. */
export const SOUTH_EAST_ASIA: readonly IdentifierFormat[] = [
  {
    entity: 'SG_NRIC_FIN',
    shapes: ['A9999999A'],
    check: isNric,
    base: 0.7,
    words: ['nric', 'fin', 'identity card'],
  },
  {
    entity: 'SG_UEN',
    shapes: ['99999999A', '999999999A', 'A99AA9999A'],
    check: isUen,
    base: 0.55,
    words: ['uen', 'unique entity'],
  },
  {
    entity: 'TH_TNIN',
    shapes: ['9-9999-99999-99-9'],
    separators: '- ',
    check: isThai,
    base: 0.75,
    words: THAI_WORDS,
  },
  { entity: 'TH_TNIN', shapes: ['9999999999999'], check: isThai, base: 0.3, words: THAI_WORDS },
  {
    entity: 'PH_TIN',
    shapes: ['999-999-999', '999-999-999-999', '999-999-999-99999', '999999999', '999999999999'],
    separators: '- ',
    base: 0.2,
    words: ['tin', 'tax(?:payer)? (?:identification|id)', 'bir'],
  },
];

/** Series T and G began at an offset of four, M at three. */
function isNric(value: string): boolean {
  const series = value[0] ?? '';
  const offset = { S: 0, F: 0, T: 4, G: 4, M: 3 }[series];
  if (offset === undefined) return false;
  const rest = (weighted(value.slice(1), [2, 7, 6, 5, 4, 3, 2]) + offset) % 11;
  if (series === 'S' || series === 'T') return 'JZIHGFEDCBA'[rest] === value[8];
  return (series === 'M' ? 'KLJNPQRTUWX'[10 - rest] : 'XWUTRQPNMLK'[rest]) === value[8];
}

const UEN_ALPHABET = 'ABCDEFGHJKLMNPQRSTUVWX0123456789';

/** Businesses, local companies (with their year) and other entities each have their own letters. */
function isUen(value: string): boolean {
  if (/^\d{8}[A-Z]$/.test(value))
    return 'XMKECAWLJDB'[weighted(value, [10, 4, 9, 3, 8, 2, 7, 1]) % 11] === value[8];
  if (/^(?:19|20)\d{7}[A-Z]$/.test(value))
    return 'ZKCMDNERGWH'[weighted(value, [10, 8, 6, 4, 9, 7, 5, 3, 1]) % 11] === value[9];
  if (!/^[RST]\d\d[A-Z]{2}\d{4}[A-Z]$/.test(value)) return false;
  const sum = [4, 3, 5, 3, 10, 2, 2, 5, 7].reduce(
    (total, weight, index) => total + weight * UEN_ALPHABET.indexOf(value[index] ?? ''),
    0,
  );
  return UEN_ALPHABET[(((sum - 5) % 11) + 11) % 11] === value[9];
}

function isThai(value: string): boolean {
  const rest = weighted(value, [13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11;
  return /^[1-8]/.test(value) && (11 - rest) % 10 === digitAt(value, 12);
}
