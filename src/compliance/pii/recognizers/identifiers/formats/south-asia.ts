import { isUniform, passesVerhoeff } from '../check-digits.js';
import type { IdentifierFormat } from '../identifier-format.js';

const AADHAAR_WORDS = ['a+dh?aa?r(?: ?(?:no|number|card))?', 'uidai', 'uid', 'आधार'];
const STATES =
  /^(?:A[NPRS]|BR|C[GH]|D[DLN]|G[AJ]|H[PR]|J[HK]|K[AL]|L[AD]|M[HLNPZ]|NL|O[DR]|P[BY]|RJ|SK|T[GNRS]|U[AKP]|WB)/;

/** India. */
export const SOUTH_ASIA: readonly IdentifierFormat[] = [
  {
    entity: 'IN_AADHAAR',
    shapes: ['9999-9999-9999'],
    separators: ' -:',
    check: isAadhaar,
    base: 0.6,
    words: AADHAAR_WORDS,
  },
  { entity: 'IN_AADHAAR', shapes: ['999999999999'], check: isAadhaar, base: 0.3, words: AADHAAR_WORDS },
  {
    entity: 'IN_PAN',
    shapes: ['AAAAA9999A'],
    check: (value) => /^...[ABCFGHJLPT]/.test(value) || undefined,
    base: 0.3,
    checked: 0.6,
    words: ['pan(?: ?(?:card|no|number))?', 'permanent account', 'income tax'],
  },
  {
    entity: 'IN_GSTIN',
    shapes: ['99AAAAA9999AXAX'],
    check: (value) => /^(?:0[1-9]|[12]\d|3[0-7])[A-Z]{5}\d{4}[A-Z][1-9A-Z]Z[\dA-Z]$/.test(value),
    base: 0.8,
    words: ['gst(?:in)?'],
  },
  {
    entity: 'IN_PASSPORT',
    shapes: ['A9999999'],
    check: (value) => /^[A-PR-WY][1-9]\d{5}[1-9]$/.test(value) && undefined,
    base: 0.2,
    words: ['(?:indian )?passport(?: ?(?:no|number))?'],
  },
  {
    entity: 'IN_VOTER',
    shapes: ['AAA9999999'],
    base: 0.25,
    words: ['voter(?: ?(?:id|card))?', 'epic', 'elector\\p{L}*'],
  },
  {
    entity: 'IN_VEHICLE_REGISTRATION',
    shapes: ['AA99AA9999', 'AA99A9999', 'AA9AAA9999', 'AA-99-AA-9999'],
    check: (value) => STATES.test(value),
    base: 0.5,
    words: ['vehicle', 'registration', 'number ?plate', 'rto'],
  },
];

function isAadhaar(value: string): boolean {
  const isPalindrome = Array.from(value).toReversed().join('') === value;
  return /^[2-9]/.test(value) && !isUniform(value) && !isPalindrome && passesVerhoeff(value);
}
