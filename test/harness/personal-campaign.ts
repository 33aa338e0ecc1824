import type { Canary } from './canaries.js';

/** A recipient of whom much is known. */
export interface Person {
  readonly name: string;
  readonly email: string;
  readonly attributes: Readonly<Record<string, string>>;
}

/** Fictional people with telling names; numbers and addresses are of ranges reserved for examples. */
export const PEOPLE = [
  {
    name: 'Wilhelmina Throckmorton',
    email: 'wilhelmina.throckmorton@example.com',
    attributes: {
      phone: '+1 202-555-0147',
      address: '17 Marmaladeweg, Springfield',
      birthDate: '1984-03-17',
      iban: 'GB82 WEST 1234 5698 7654 32',
      plan: 'Business',
    },
  },
  {
    name: 'Bartholomew Quillfeather',
    email: 'b.quillfeather@example.org',
    attributes: {
      phone: '(020) 7946 0958',
      address: '4 Thistledown Crescent, Little Whinging',
      dateOfBirth: '23.11.1971',
      note: 'Recommended by Wilhelmina Throckmorton',
    },
  },
  {
    name: 'Núria Puigdomènech',
    email: 'nuria-puigdomenech@example.net',
    attributes: { phone: '07700 900461', street: 'Carrer de la Caputxeta 88', ssn: '219-09-9999' },
  },
  {
    name: 'Zbigniew Brzęczyszczykiewicz',
    email: 'zbigniew_b84@example.com',
    attributes: {
      phone: '+61 2 5550 7391',
      address: 'Ulica Szczebrzeszyn 12b',
      cardNumber: '4111 1111 1111 1111',
    },
  },
  {
    name: 'Anneliese Habsburger-Lothringen',
    email: 'anneliese.hl@example.org',
    attributes: { phone: '+44 20 7946 0321', ipAddress: '198.51.100.77', employer: 'Example Ltd' },
  },
  {
    name: "Seraphina O'Shaughnessy",
    email: 'SeraphinaOS@example.net',
    attributes: { phone: '+1 (303) 555-0188', address: '9 Periwinkle Mews', passport: 'X12345678' },
  },
] as const satisfies readonly Person[];

export const PERSONAL_SENDER = { name: 'Cornelius Vanderbiltmore', email: 'c.vanderbiltmore@example.com' };

const [WILHELMINA, BARTHOLOMEW, NURIA, , , SERAPHINA] = PEOPLE;

/** Names two recipients, writes to one, telephones with one. */
export const PERSONAL_BRIEF = {
  goal: `Invite our customers, ${WILHELMINA.name} first of all, to renew their plan before the price change.`,
  audience: `Customers such as ${BARTHOLOMEW.name}; answers go to ${SERAPHINA.email}. Mr Quillfeather asked for it.`,
  tone: 'friendly',
  offer: `Whoever renews this month keeps the price of last year, by telephone at ${NURIA.attributes.phone}.`,
  constraints: ['At most 160 words'],
};

/** What of a person's data is in a text that has it: whole values and the parts that identify on their own. */
export function canariesOf({
  name,
  email,
  attributes,
}: Omit<Person, 'attributes'> & Partial<Person>): Canary[] {
  const [given = '', ...family] = name.split(' ');
  const values: [string, string][] = [
    ['name', name],
    ['given name', given],
    ['family name', family.join(' ')],
    ['e-mail', email],
    ['local part', email.slice(0, email.indexOf('@'))],
    ...Object.entries(attributes ?? {}).filter(([key]) => !IMPERSONAL.has(key)),
    ...Object.entries(attributes ?? {}).flatMap(([key, value]) => piecesOf(key, value)),
  ];
  return values.map(([what, value]) => ({ label: `${name}: ${what}`, value }));
}

const IMPERSONAL = new Set(['plan', 'note', 'employer']);

function piecesOf(key: string, value: string): [string, string][] {
  const digits = value.replaceAll(/\D/g, '');
  if (key === 'phone')
    return [
      ['digits of the phone', digits],
      ['end of the phone', digits.slice(-9)],
    ];
  if (key === 'cardNumber' || key === 'ssn') return [[`digits of the ${key}`, digits]];
  if (key === 'iban') return [['closed-up IBAN', value.replaceAll(' ', '')]];
  const street = /\p{L}{8,}/u.exec(value)?.[0];
  return (key === 'address' || key === 'street') && street ? [['street', street]] : [];
}
