import { isUniform, weighted } from '../check-digits.js';
import { isDay, isDayMonthYear } from '../calendar.js';
import { passesLuhn } from '../../luhn.js';
import type { IdentifierFormat } from '../identifier-format.js';

const SWEDISH_WORDS = [
  'person\\p{L}*(?:nummer|nr)',
  'pnr',
  'personal (?:id|identity)\\p{L}*',
  'samordningsnummer',
];
const NORWEGIAN_WORDS = ['personnummer', 'f[øo]dselsnummer', 'fnr'];
const DANISH_WORDS = ['cpr(?:-?(?:nr|nummer))?', 'personnummer'];

/** Denmark, Finland, Norway, Sweden. */
export const NORDIC_COUNTRIES: readonly IdentifierFormat[] = [
  {
    entity: 'SE_PERSONNUMMER',
    shapes: ['999999-9999', '99999999-9999'],
    separators: '-',
    check: isPersonnummer,
    base: 0.65,
    words: SWEDISH_WORDS,
  },
  {
    entity: 'SE_PERSONNUMMER',
    shapes: ['999999999999'],
    check: (value) => /^(?:18|19|20)/.test(value) && isPersonnummer(value),
    base: 0.55,
    words: SWEDISH_WORDS,
  },
  {
    entity: 'SE_PERSONNUMMER',
    shapes: ['9999999999'],
    check: isPersonnummer,
    base: 0.3,
    words: SWEDISH_WORDS,
  },
  {
    entity: 'SE_ORGANISATIONSNUMMER',
    shapes: ['999999-9999'],
    separators: '-',
    check: (value) => /^[1235-9]\d[2-9]/.test(value) && passesLuhn(value),
    base: 0.5,
    words: ['org\\p{L}*', 'company', 'f[öo]retag\\p{L}*'],
  },
  {
    entity: 'FI_PERSONAL_IDENTITY_CODE',
    shapes: ['999999-999X', '999999A999X'],
    separators: '-',
    check: isHetu,
    base: 0.8,
    words: ['hetu', 'henkil[öo]tunnus', 'personbeteckning'],
  },
  {
    entity: 'DK_CPR',
    shapes: ['999999-9999'],
    separators: '-',
    check: isCpr,
    base: 0.45,
    checked: 0.55,
    words: DANISH_WORDS,
  },
  { entity: 'DK_CPR', shapes: ['9999999999'], check: isCpr, base: 0.2, words: DANISH_WORDS },
  {
    entity: 'NO_FNR',
    shapes: ['99999999999', '999999-99999'],
    separators: ' -',
    check: isFnr,
    base: 0.65,
    words: NORWEGIAN_WORDS,
  },
];

/** With or without the century; a day above 60 is a co-ordination number. */
function isPersonnummer(value: string): boolean {
  const short = value.slice(-10);
  const day = Number(short.slice(4, 6));
  if (!isDay(String(day > 60 ? day - 60 : day).padStart(2, '0'), short.slice(2, 4))) return false;
  return passesLuhn(short) && (value.length === 10 || /^(?:18|19|20)/.test(value));
}

const HETU_CHECKS = '0123456789ABCDEFHJKLMNPRSTUVWXY';

function isHetu(value: string): boolean {
  const [, date = '', century = '', serial = '', check = ''] =
    /^(\d{6})([A-FU-Y]?)(\d{3})([\dA-Y])$/.exec(value) ?? [];
  if (date === '' || (value.length === 11) !== (century !== '') || !isDayMonthYear(date)) return false;
  return HETU_CHECKS[Number(date + serial) % 31] === check;
}

/** Numbers given out since 2007 need not pass the check. */
function isCpr(value: string): boolean | undefined {
  if (!isDayMonthYear(value) || isUniform(value.slice(6))) return false;
  return weighted(value, [4, 3, 2, 7, 6, 5, 4, 3, 2, 1]) % 11 === 0 || undefined;
}

function isFnr(value: string): boolean {
  const day = Number(value.slice(0, 2));
  const month = Number(value.slice(2, 4));
  const date = [day > 40 ? day - 40 : day, month > 40 ? month - 40 : month].map((part) =>
    String(part).padStart(2, '0'),
  );
  if (!isDay(date[0] ?? '', date[1] ?? '')) return false;
  return (
    weighted(value, [3, 7, 6, 1, 8, 9, 4, 5, 2, 1]) % 11 === 0 &&
    weighted(value, [5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1]) % 11 === 0
  );
}
