/** Keys whose value is a secret whatever it looks like; compared in lower case without separators. */
const SECRET = new Set([
  'authorization',
  'proxyauthorization',
  'cookie',
  'cookies',
  'setcookie',
  'password',
  'passwd',
  'passphrase',
  'pwd',
  'secret',
  'token',
  'apikey',
  'xapikey',
  'credential',
  'credentials',
  'privatekey',
  'accesskey',
  'secretkey',
  'secretaccesskey',
  'signingkey',
  'encryptionkey',
  'kek',
  'masterkey',
  'datakey',
  'jwt',
  'bearer',
  'otp',
  'sessiontoken',
  'connectionstring',
]);
const SECRET_ENDING =
  /(?:password|passwd|secret|apikey|privatekey|accesstoken|refreshtoken|idtoken|authtoken|sessiontoken|bearertoken|secretkey)$/;

/** Keys that name personal data without doubt. A bare `name` or `id` may be anything and is not among them. */
const PERSONAL: Readonly<Record<string, string>> = {
  email: 'EMAIL',
  emailaddress: 'EMAIL',
  mail: 'EMAIL',
  recipientemail: 'EMAIL',
  senderemail: 'EMAIL',
  useremail: 'EMAIL',
  phone: 'PHONE',
  phonenumber: 'PHONE',
  mobile: 'PHONE',
  mobilenumber: 'PHONE',
  telephone: 'PHONE',
  fax: 'PHONE',
  personname: 'PERSON',
  fullname: 'PERSON',
  firstname: 'PERSON',
  lastname: 'PERSON',
  givenname: 'PERSON',
  familyname: 'PERSON',
  surname: 'PERSON',
  recipientname: 'PERSON',
  sendername: 'PERSON',
  address: 'ADDRESS',
  streetaddress: 'ADDRESS',
  postaladdress: 'ADDRESS',
  homeaddress: 'ADDRESS',
  street: 'ADDRESS',
  postcode: 'ADDRESS',
  postalcode: 'ADDRESS',
  zipcode: 'ADDRESS',
  birthdate: 'DATE_OF_BIRTH',
  dateofbirth: 'DATE_OF_BIRTH',
  birthday: 'DATE_OF_BIRTH',
  dob: 'DATE_OF_BIRTH',
  ssn: 'US_SSN',
  passport: 'PASSPORT',
  passportnumber: 'PASSPORT',
  iban: 'IBAN',
  cardnumber: 'CREDIT_CARD',
  creditcard: 'CREDIT_CARD',
};

/** Keys of identifiers that the trace of a request hangs on. */
const IDENTIFIER =
  /(?:^|_)(?:trace|span|parent|request|req|run|session|job|event|message|correlation)_?id$|^traceparent$/i;

/** How a value is treated because of its key: masked with this label, kept if it is an identifier, or read. */
interface KeyRule {
  readonly mask?: string;
  readonly identifier?: boolean;
}

const MAX_REMEMBERED = 4_096;
const rules = new Map<string, KeyRule>();

/** The rule of a key. Log keys repeat, so the answer is remembered. */
export function ruleOfKey(key: string): KeyRule {
  const known = rules.get(key);
  if (known) return known;
  const rule = decideRule(key);
  if (rules.size < MAX_REMEMBERED) rules.set(key, rule);
  return rule;
}

function decideRule(key: string): KeyRule {
  const plain = key.toLowerCase().replace(/[^a-z0-9]+/g, '');
  if (SECRET.has(plain) || SECRET_ENDING.test(plain)) return { mask: 'SECRET' };
  if (Object.hasOwn(PERSONAL, plain)) return { mask: PERSONAL[plain] };
  return IDENTIFIER.test(key.replace(/([a-z])([A-Z])/g, '$1_$2')) ? { identifier: true } : {};
}
