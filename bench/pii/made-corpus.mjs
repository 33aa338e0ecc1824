/** Texts with values made up from their rules, and texts with none, the same for the same seed. */
export function madeCorpus(seed) {
  const random = randomFrom(seed);
  return Array.from({ length: 3_000 }, (_, index) => {
    if (index % 5 === 4) return { text: CLEAN[index % CLEAN.length](random), spans: [], isClean: true };
    const [entity, make] = VALUES[index % VALUES.length];
    const isHidden = index % 7 === 0;
    const value = isHidden ? hide(make(random), entity, random) : make(random);
    const lead = pick(LEADS[entity], random);
    const text = `${lead}${value}${pick(TAILS, random)}`;
    return { text, spans: [{ start: lead.length, end: lead.length + value.length, entity }], isHidden };
  });
}

const LEADS = {
  EMAIL: ['Please write to ', 'From: <', '{"email": "', 'Kontakt: ', 'メール：'],
  PHONE: ['Call me on ', 'Tel. ', '{"phone": "', 'Telefon: ', '電話：'],
  CREDIT_CARD: ['My card ', 'card_number=', 'Kreditkarte ', '{"card": "'],
  US_SSN: ['SSN ', 'His social security number is ', '{"ssn": "'],
  CA_SIN: ['SIN ', 'Social insurance number: ', '{"sin": "'],
  IBAN: ['IBAN ', 'Bitte auf ', '{"iban": "', 'konto '],
  IP_ADDRESS: ['Client ', 'host ', '{"ip": "'],
  API_KEY: ['api_key="', 'export TOKEN=', 'The key is '],
};
const TAILS = ['', '\n', ', thank you', ' please', '" }'];

const VALUES = [
  [
    'EMAIL',
    (random) =>
      `${word(random)}.${word(random)}@${word(random)}.${pick(['com', 'org', 'de', 'co.uk'], random)}`,
  ],
  [
    'PHONE',
    (random) =>
      `+1 ${pick(['415', '212', '303'], random)} 555 ${digits(4, random)}`.replace(
        '555',
        '7' + digits(2, random),
      ),
  ],
  ['PHONE', (random) => `+49 151 ${digits(8, random)}`],
  ['CREDIT_CARD', (random) => inGroups(withLuhn(`4${digits(14, random)}`), pick([' ', '-', ''], random))],
  [
    'US_SSN',
    (random) =>
      `${pick(['123', '456', '536'], random)}-${10 + Math.floor(random() * 89)}-${1_000 + Math.floor(random() * 8_999)}`,
  ],
  [
    'CA_SIN',
    (random) =>
      withLuhn(`${1 + Math.floor(random() * 7)}${digits(7, random)}`).replace(/(...)(...)(...)/, '$1 $2 $3'),
  ],
  ['IBAN', (random) => withIbanCheck('DE', digits(18, random))],
  [
    'IP_ADDRESS',
    (random) =>
      [
        203,
        10 + Math.floor(random() * 240),
        100 + Math.floor(random() * 150),
        1 + Math.floor(random() * 250),
      ].join('.'),
  ],
  ['API_KEY', (random) => `ghp_${letters(36, random)}`],
];

const CLEAN = [
  (random) => `Order ${digits(8, random)} was shipped on 2026-03-${10 + Math.floor(random() * 18)}.`,
  (random) =>
    `Upgraded to version ${1 + Math.floor(random() * 9)}.${digits(1, random)}.${digits(1, random)}.${digits(1, random)} today.`,
  (random) =>
    `Trace 4f9c${digits(4, random)}-1b2c-4d5e-8f90-a1b2c3d4${digits(4, random)} took ${digits(3, random)} ms.`,
  (random) =>
    `The total is ${digits(3, random)},${digits(3, random)}.00 for ${digits(2, random)} pieces of part ${digits(4, random)}-${digits(3, random)}.`,
  () => 'Please tell us whether the meeting on Tuesday suits you, and who else wants to come.',
];

/** Invisible characters, or digits and letters of full width. */
function hide(value, entity, random) {
  const at = 2 + Math.floor(random() * (value.length - 3));
  if (entity === 'API_KEY' || random() < 0.5) return `${value.slice(0, at)}\u200b${value.slice(at)}`;
  return value.replace(/[!-~]/g, (character) => String.fromCharCode(character.charCodeAt(0) + 0xfee0));
}

/** A generator of numbers from 0 to 1 (mulberry32). */
function randomFrom(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

function pick(list, random) {
  return list[Math.floor(random() * list.length)];
}

function digits(length, random) {
  return Array.from({ length }, () => Math.floor(random() * 10)).join('');
}

function letters(length, random) {
  const alphabet = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';
  return Array.from({ length }, () => pick(alphabet, random)).join('');
}

function word(random) {
  return Array.from({ length: 3 }, () => pick('bdfklmnprst', random) + pick('aeiou', random)).join('');
}

function inGroups(number, separator) {
  return number.replace(/(....)(?=.)/g, `$1${separator}`);
}

function withLuhn(head) {
  let sum = 0;
  [...head].toReversed().forEach((digit, index) => {
    const doubled = index % 2 === 0 ? Number(digit) * 2 : Number(digit);
    sum += doubled > 9 ? doubled - 9 : doubled;
  });
  return `${head}${(10 - (sum % 10)) % 10}`;
}

function withIbanCheck(country, account) {
  const letters = [...country].map((letter) => Number.parseInt(letter, 36)).join('');
  const check = 98n - (BigInt(`${account}${letters}00`) % 97n);
  return inGroups(`${country}${String(check).padStart(2, '0')}${account}`, ' ');
}
