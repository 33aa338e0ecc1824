import { isUniform, weighted } from '../check-digits.js';
import type { IdentifierFormat } from '../identifier-format.js';

const NHS_WORDS = ['nhs(?: ?(?:no|number|#))?', 'national health', 'patient (?:no|number|id)'];
const NINO_WORDS = ['national insurance(?: ?(?:no|number))?', 'nino', 'ni (?:no|number)', 'insurance no'];

/** United Kingdom. */
export const UNITED_KINGDOM: readonly IdentifierFormat[] = [
  { entity: 'UK_NHS', shapes: ['9999999999'], check: isNhs, base: 0.2, words: NHS_WORDS },
  {
    entity: 'UK_NHS',
    shapes: ['999-999-9999'],
    // Area and exchange codes of North America begin with 2 at least: what does not is no telephone number.
    check: (value) => isNhs(value) && (/^[01]|^...[01]/.test(value) || undefined),
    base: 0.3,
    checked: 0.6,
    words: NHS_WORDS,
  },
  {
    entity: 'UK_NINO',
    shapes: ['AA999999A', 'AA-99-99-99-A', 'AA-999999-A', 'AA999999-A'],
    check: (value) => /^(?!BG|GB|KN|NK|NT|TN|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z]\d{6}[A-D]$/.test(value),
    base: 0.7,
    words: NINO_WORDS,
  },
  {
    entity: 'UK_PASSPORT',
    shapes: ['AA9999999', '999999999'],
    base: 0.2,
    words: ['(?:uk|british) passport', 'passport(?: ?(?:no|number|#))?'],
  },
  {
    entity: 'UK_DRIVING_LICENCE',
    shapes: ['XXXXX999999XXXAA'],
    check: isDrivingLicence,
    base: 0.75,
    words: ['driving licen[cs]e', 'dvla'],
  },
  {
    entity: 'UK_VEHICLE_REGISTRATION',
    shapes: ['AA99-AAA', 'AA99AAA'],
    separators: ' ',
    check: (value) => /^[A-HJ-PR-Y][A-HJ-PR-Y](?:0[2-9]|[1-2]\d|5[1-9]|[67]\d)[A-HJ-PR-Z]{3}$/.test(value),
    base: 0.3,
    words: ['registration', 'reg(?: ?(?:no|number))?', 'number ?plate', 'vehicle', 'car', 'vrm', 'dvla'],
  },
];

function isNhs(value: string): boolean {
  const check = 11 - (weighted(value, [10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11);
  return check !== 10 && check % 11 === Number(value[9]) && !isUniform(value);
}

/** Five letters of the name, the decade, the month (and 50 for women), the day, the year, initials, check letters. */
function isDrivingLicence(value: string): boolean {
  return /^[A-Z][A-Z9]{4}\d(?:[05][1-9]|[16][0-2])(?:0[1-9]|[12]\d|3[01])\d[A-Z][A-Z9][A-Z\d][A-Z]{2}$/.test(
    value,
  );
}
