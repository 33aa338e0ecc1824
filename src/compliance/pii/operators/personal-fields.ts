/** What a field named by its key holds. */
export type EntityName =
  | 'PERSON'
  | 'GIVEN_NAME'
  | 'FAMILY_NAME'
  | 'EMAIL'
  | 'PHONE'
  | 'ADDRESS'
  | 'POSTAL_CODE'
  | 'DATE_OF_BIRTH'
  | 'US_SSN'
  | 'CA_SIN'
  | 'NATIONAL_ID'
  | 'PASSPORT'
  | 'DRIVER_LICENSE'
  | 'IBAN'
  | 'BANK_ACCOUNT'
  | 'CREDIT_CARD'
  | 'IP_ADDRESS'
  | 'USERNAME';

/** Key words to entity, in order: the first that fits the end of a key decides. */
const FIELDS: readonly (readonly [EntityName, string])[] = [
  ['EMAIL', 'e ?mails?|mail|(?:e ?mail|mail) (?:address|addr|adresse)'],
  ['IP_ADDRESS', 'ip|ip (?:address|addr)|ipv[46]'],
  [
    'PHONE',
    '(?:tele|cell|mobile|home|work)?phones?|mobile|mobil|cell|cellular|tel|fax|whatsapp|msisdn|handy|telefon|telefono|telephone|rufnummer',
  ],
  ['POSTAL_CODE', 'zip|zip ?code|post ?code|postal ?code|plz|postleitzahl|pin ?code|cep'],
  [
    'ADDRESS',
    '(?<!(?:web|mac|http|url|bind|listen|wallet|contract) )(?:address|addr)|adresse|anschrift|direccion|indirizzo|street|strasse|straße|hausnummer|house|apartment|address line|street line',
  ],
  [
    'DATE_OF_BIRTH',
    'birth ?date|birth ?day|dob|date of birth|birth|born|born on|geburtsdatum|geburtstag|geboren',
  ],
  ['US_SSN', 'ssn|social security'],
  ['CA_SIN', 'sin|social insurance'],
  ['PASSPORT', 'passport|reisepass'],
  ['DRIVER_LICENSE', 'driv(?:er|ers|ing) ?licen[cs]e|licen[cs]e plate'],
  [
    'NATIONAL_ID',
    '(?:national|personal|government|identity|identification|citizen) ?id|(?:personal|identity|national) ?card|tax ?id|tin|cpf|curp|dni|nie|nif|pesel|bsn|nino|aadhaar|personnummer|steuer ?id',
  ],
  ['IBAN', 'iban'],
  ['CREDIT_CARD', '(?:credit|debit|payment)? ?card|pan'],
  ['BANK_ACCOUNT', 'account|bank ?account|sort ?code|routing|kontonummer|konto|bic'],
  ['GIVEN_NAME', '(?:first|given|fore|nick|preferred) ?name|vorname|prenom|nombre'],
  ['FAMILY_NAME', '(?:last|family|maiden|birth|second|sur) ?name|nachname|familienname|apellidos?|cognome'],
  [
    'PERSON',
    '^name|(?:full|middle|display|legal|contact|spouse|partner|wife|husband|child|mother|father|parent|guardian|customer|client|person|personal|user ?real|patient|employee|recipient|sender) ?name|spouse|next of kin',
  ],
  ['USERNAME', 'user ?name|login|handle|twitter|instagram|linkedin|facebook|telegram|skype'],
];

const QUALIFIER = '(?: (?:number|numbers|num|no|nr|code|id|value|line)){0,2}(?: ?\\d{1,2})?';

const PATTERNS = FIELDS.map(
  ([entity, words]) => [entity, new RegExp(`(?:^|.* )(?:${words})${QUALIFIER}$`)] as const,
);

/** The entity of a field that is personal by its name (`workPhone`, `zip_code`, `dateOfBirth`), if it is. */
export function personalFieldEntity(key: string): EntityName | undefined {
  const words = wordsOfKey(key);
  if (words.length > 60) return undefined;
  return PATTERNS.find(([, pattern]) => pattern.test(words))?.[0];
}

/** `dateOfBirth`, `date_of_birth` and `Date-Of-Birth` are the same words. */
function wordsOfKey(key: string): string {
  return key
    .replace(/(\p{Ll}|\d)(\p{Lu})/gu, '$1 $2')
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .trim()
    .toLowerCase()
    .normalize('NFD')
    .replace(/\p{M}+/gu, '');
}
