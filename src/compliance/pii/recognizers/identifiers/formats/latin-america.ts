import { digitAt, isUniform, weighted } from '../check-digits.js';
import { isDay } from '../calendar.js';
import type { IdentifierFormat } from '../identifier-format.js';

const CPF_WORDS = ['cpf(?:/mf)?', 'cadastro de pessoas?'];
const CNPJ_WORDS = ['cnpj'];
const CUIT_WORDS = ['cui[tl]', 'clave [úu]nica'];
const RUT_WORDS = ['rut', 'run', 'rol [úu]nico'];

/** Argentina, Brazil, Chile and Mexico. */
export const LATIN_AMERICA: readonly IdentifierFormat[] = [
  {
    entity: 'BR_CPF',
    shapes: ['999-999-999-99'],
    separators: '.-',
    check: isCpf,
    base: 0.85,
    words: CPF_WORDS,
  },
  {
    entity: 'BR_CPF',
    shapes: ['99999999999', '999999999-99'],
    separators: '-',
    check: isCpf,
    base: 0.45,
    words: CPF_WORDS,
  },
  {
    entity: 'BR_CNPJ',
    shapes: ['99-999-999-9999-99'],
    separators: './-',
    check: isCnpj,
    base: 0.9,
    words: CNPJ_WORDS,
  },
  { entity: 'BR_CNPJ', shapes: ['99999999999999'], check: isCnpj, base: 0.5, words: CNPJ_WORDS },
  { entity: 'MX_CURP', shapes: ['AAAA999999AAAAAAX9'], check: isCurp, base: 0.85, words: ['curp'] },
  {
    entity: 'AR_CUIT',
    shapes: ['99-99999999-9'],
    separators: '-',
    check: isCuit,
    base: 0.7,
    words: CUIT_WORDS,
  },
  { entity: 'AR_CUIT', shapes: ['99999999999'], check: isCuit, base: 0.3, words: CUIT_WORDS },
  {
    entity: 'CL_RUT',
    shapes: ['99-999-999-X', '9-999-999-X'],
    separators: '.-',
    check: isRut,
    base: 0.75,
    words: RUT_WORDS,
  },
  {
    entity: 'CL_RUT',
    shapes: ['99999999-X', '9999999-X'],
    separators: '-',
    check: isRut,
    base: 0.45,
    words: RUT_WORDS,
  },
  { entity: 'CL_RUT', shapes: ['99999999X', '9999999X'], check: isRut, base: 0.2, words: RUT_WORDS },
];

function isCpf(value: string): boolean {
  return (
    !isUniform(value) &&
    hasCheck(value, 9, [10, 9, 8, 7, 6, 5, 4, 3, 2]) &&
    hasCheck(value, 10, [11, 10, 9, 8, 7, 6, 5, 4, 3, 2])
  );
}

function isCnpj(value: string): boolean {
  return (
    !isUniform(value) &&
    hasCheck(value, 12, [5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2]) &&
    hasCheck(value, 13, [6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2])
  );
}

function hasCheck(value: string, at: number, weights: readonly number[]): boolean {
  const rest = weighted(value, weights) % 11;
  return (rest < 2 ? 0 : 11 - rest) === digitAt(value, at);
}

/** Name letters, birth date, sex, state, consonants. */
function isCurp(value: string): boolean {
  return (
    /^[A-Z]{4}\d{6}[HMX](?:A[GS]|B[CS]|C[CHLMS]|D[FG]|G[RT]|HG|JC|M[CNS]|N[ELT]|OC|PL|Q[RT]|S[LPR]|T[CLS]|VZ|YN|ZS)[A-Z]{3}[A-Z\d]\d$/.test(
      value,
    ) && isDay(value.slice(8, 10), value.slice(6, 8))
  );
}

function isCuit(value: string): boolean {
  const rest = 11 - (weighted(value, [5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11);
  return /^(?:2[03-7]|3[034])/.test(value) && rest !== 10 && rest % 11 === digitAt(value, 10);
}

function isRut(value: string): boolean {
  const digits = value.slice(0, -1).padStart(8, '0');
  const rest = 11 - (weighted(digits, [3, 2, 7, 6, 5, 4, 3, 2]) % 11);
  return /^\d+$/.test(digits) && '0123456789K0'[rest] === value.at(-1);
}
