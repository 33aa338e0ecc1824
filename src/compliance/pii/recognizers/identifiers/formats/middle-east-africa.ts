import { passesVerhoeff } from '../check-digits.js';
import { isYearMonthDay } from '../calendar.js';
import { passesLuhn } from '../../luhn.js';
import type { IdentifierFormat } from '../identifier-format.js';

/** Israel, Nigeria and South Africa. */
export const MIDDLE_EAST_AFRICA: readonly IdentifierFormat[] = [
  {
    entity: 'IL_ID',
    shapes: ['999999999'],
    check: (value) => passesLuhn(value) && !value.startsWith('0000'),
    base: 0.2,
    words: ['תעודת זהות', 'מספר ה?זהות', 'ת\\.?ז\\.?', 'teudat zehut', 'israeli id'],
  },
  {
    entity: 'ZA_ID_NUMBER',
    shapes: ['9999999999999', '999999-9999-999'],
    separators: ' ',
    check: isSouthAfrican,
    base: 0.6,
    words: ['rsa id', 'south african', 'identity (?:no|number)', 'id (?:no|number)', 'sa id'],
  },
  {
    entity: 'NG_NIN',
    shapes: ['99999999999'],
    check: (value) => passesVerhoeff(value) && undefined,
    base: 0.25,
    words: ['nin', 'national identification', 'nimc'],
  },
  {
    entity: 'NG_VEHICLE_REGISTRATION',
    shapes: ['AAA-999AA', 'AAA-999-AA', 'AAA999AA'],
    separators: ' -',
    base: 0.45,
    words: ['plate', 'vehicle', 'registration', 'car'],
  },
];

/** Birth date, sex, citizenship (0, 1 or 2), a digit no longer used, check digit. */
function isSouthAfrican(value: string): boolean {
  return isYearMonthDay(value) && /^[012]$/.test(value[10] ?? '') && passesLuhn(value);
}
