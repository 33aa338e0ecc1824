import { digitAt, isUniform, weighted } from '../check-digits.js';
import { isDay, isYearMonthDay } from '../calendar.js';

import type { IdentifierFormat } from '../identifier-format.js';

const RRN_WORDS = ['주민\\p{L}*', 'rrn', 'resident registration'];
const FRN_WORDS = ['외국인\\p{L}*', 'frn', 'foreigner'];
const BRN_WORDS = ['사업자\\p{L}*', 'brn', 'business registration'];
const LICENCE_WORDS = ['운전\\p{L}*', '면허\\p{L}*', 'licen[cs]e'];

/** China, Japan, Korea and Taiwan. */
export const EAST_ASIA: readonly IdentifierFormat[] = [
  {
    entity: 'CN_RESIDENT_ID',
    shapes: ['99999999999999999X'],
    check: isResidentId,
    base: 0.9,
    words: ['身份证\\p{L}*', '身份證\\p{L}*', '公民身份号码'],
  },
  {
    entity: 'JP_MY_NUMBER',
    shapes: ['9999-9999-9999'],
    separators: ' -',
    check: isMyNumber,
    base: 0.35,
    words: japaneseWords(),
  },
  { entity: 'JP_MY_NUMBER', shapes: ['999999999999'], check: isMyNumber, base: 0.25, words: japaneseWords() },
  {
    entity: 'KR_RRN',
    shapes: ['999999-9999999'],
    separators: '-',
    check: (value) => isKorean(value, '123490'),
    base: 0.65,
    words: RRN_WORDS,
  },
  {
    entity: 'KR_RRN',
    shapes: ['9999999999999'],
    check: (value) => isKorean(value, '1234'),
    base: 0.3,
    checked: 0.5,
    words: RRN_WORDS,
  },
  {
    entity: 'KR_FRN',
    shapes: ['999999-9999999'],
    separators: '-',
    check: (value) => isKorean(value, '5678'),
    base: 0.65,
    words: FRN_WORDS,
  },
  {
    entity: 'KR_FRN',
    shapes: ['9999999999999'],
    check: (value) => isKorean(value, '5678'),
    base: 0.3,
    checked: 0.5,
    words: FRN_WORDS,
  },
  {
    entity: 'KR_BRN',
    shapes: ['999-99-99999'],
    separators: '-',
    check: isBusiness,
    base: 0.6,
    words: BRN_WORDS,
  },
  { entity: 'KR_BRN', shapes: ['9999999999'], check: isBusiness, base: 0.25, words: BRN_WORDS },
  {
    entity: 'KR_PASSPORT',
    shapes: ['A999A9999', 'A99999999'],
    check: (value) => /^[MSROD]/.test(value),
    base: 0.25,
    words: ['여권\\p{L}*', '(?:korean )?passport(?: ?(?:no|number))?'],
  },
  {
    entity: 'KR_DRIVER_LICENSE',
    shapes: ['99-99-999999-99'],
    separators: ' -',
    check: isLicence,
    base: 0.6,
    words: LICENCE_WORDS,
  },
  {
    entity: 'KR_DRIVER_LICENSE',
    shapes: ['999999999999'],
    check: isLicence,
    base: 0.22,
    words: LICENCE_WORDS,
  },
  {
    entity: 'TW_NATIONAL_ID',
    shapes: ['A999999999'],
    check: isTaiwanese,
    base: 0.65,
    words: ['身分證\\p{L}*', '身份證\\p{L}*', '統一編號'],
  },
];

function japaneseWords(): string[] {
  return ['個人番号', 'マイナンバー', 'my number', '個人ナンバー'];
}

function isResidentId(value: string): boolean {
  if (!/^[1-9]\d{5}(?:19|20)/.test(value) || !isDay(value.slice(12, 14), value.slice(10, 12))) return false;
  const sum = weighted(value, [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]);
  return '10X98765432'[sum % 11] === value[17];
}

function isMyNumber(value: string): boolean {
  const rest = weighted(value, [6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11;
  return !isUniform(value) && (rest < 2 ? 0 : 11 - rest) === digitAt(value, 11);
}

/** Numbers given out since October 2020 carry no check digit: the digit of sex and century must fit the date. */
function isKorean(value: string, genders: string): boolean | undefined {
  if (!isYearMonthDay(value) || !genders.includes(value[6] ?? '-')) return false;
  const sum = weighted(value, [2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5]);
  const check = digitAt(value, 12);
  return (11 - (sum % 11)) % 10 === check || (13 - (sum % 11)) % 10 === check || undefined;
}

function isBusiness(value: string): boolean {
  const sum = weighted(value, [1, 3, 7, 1, 3, 7, 1, 3, 5]) + Math.floor((digitAt(value, 8) * 5) / 10);
  return (10 - (sum % 10)) % 10 === digitAt(value, 9) && !isUniform(value);
}

/** Two digits of the region, from Seoul to Sejong. */
function isLicence(value: string): boolean | undefined {
  const region = Number(value.slice(0, 2));
  return region >= 11 && region <= 28 && undefined;
}

const TAIWAN_LETTERS = 'ABCDEFGHJKLMNPQRSTUVXYWZIO';

function isTaiwanese(value: string): boolean {
  const letter = TAIWAN_LETTERS.indexOf(value[0] ?? '-') + 10;
  if (letter < 10 || !/^.[1289]/.test(value)) return false;
  return weighted(`${letter}${value.slice(1)}`, [1, 9, 8, 7, 6, 5, 4, 3, 2, 1, 1]) % 10 === 0;
}
