/** The sum of the digits, each times its weight. */
export function weighted(value: string, weights: readonly number[]): number {
  return weights.reduce((sum, weight, index) => sum + weight * digitAt(value, index), 0);
}

export function digitAt(value: string, index: number): number {
  return value.charCodeAt(index) - 48;
}

/** The remainder of a number too long for a double. */
export function remainderOf(digits: string, divisor: number): number {
  let remainder = 0;
  for (let index = 0; index < digits.length; index++)
    remainder = (remainder * 10 + digitAt(digits, index)) % divisor;
  return remainder;
}

/** ISO/IEC 7064 MOD 11,10: the last digit checks the others. */
export function passesMod1110(digits: string): boolean {
  let product = 10;
  for (let index = 0; index < digits.length - 1; index++) {
    const sum = (digitAt(digits, index) + product) % 10 || 10;
    product = (sum * 2) % 11;
  }
  return (11 - product) % 10 === digitAt(digits, digits.length - 1);
}

const DIHEDRAL = ['0123456789', '1234067895', '2340178956', '3401289567', '4012395678'].concat([
  '5987604321',
  '6598710432',
  '7659821043',
  '8765932104',
  '9876543210',
]);
const PERMUTED = ['0123456789', '1576283094', '5803796142', '8916043527'].concat([
  '9453126870',
  '4286573901',
  '2793806415',
  '7046913258',
]);

/** The check digit of Verhoeff, by the dihedral group of order ten. */
export function passesVerhoeff(digits: string): boolean {
  let state = 0;
  for (let index = 0; index < digits.length; index++) {
    const digit = digitAt(digits, digits.length - 1 - index);
    state = digitAt(DIHEDRAL[state] ?? '', digitAt(PERMUTED[index % 8] ?? '', digit));
  }
  return state === 0;
}

/** The check digit of machine-readable travel documents (ICAO 9303), over letters and digits. */
export function passesIcao(value: string): boolean {
  const weights = [7, 3, 1];
  let sum = 0;
  for (let index = 0; index < value.length - 1; index++)
    sum += Number.parseInt(value[index] ?? '0', 36) * (weights[index % 3] ?? 0);
  return sum % 10 === digitAt(value, value.length - 1);
}

/** Whether all digits are the same: such numbers pass many checks and are nobody's. */
export function isUniform(digits: string): boolean {
  return /^(\d)\1*$/.test(digits);
}
