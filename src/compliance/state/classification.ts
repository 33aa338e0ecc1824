/** How sensitive the data of a run is, from the least to the most. */
export const CLASSIFICATIONS = ['public', 'internal', 'confidential', 'restricted'] as const;

export type Classification = (typeof CLASSIFICATIONS)[number];

/** What the schema of policies calls the kinds of findings. */
export type FindingKind =
  | 'person'
  | 'email'
  | 'phone'
  | 'address'
  | 'dateOfBirth'
  | 'nationalId'
  | 'bankAccount'
  | 'creditCard'
  | 'ipAddress'
  | 'secret'
  | 'other';

/** How many different values of each kind; what is absent was not found. */
export type FindingCounts = Readonly<Partial<Record<FindingKind, number>>>;

/** The attribute of a run by which whoever starts it says how sensitive it is. */
const CLASSIFICATION_ATTRIBUTE = 'classification';

const KINDS: Readonly<Record<string, FindingKind>> = {
  PERSON: 'person',
  GIVEN_NAME: 'person',
  FAMILY_NAME: 'person',
  EMAIL: 'email',
  PHONE: 'phone',
  ADDRESS: 'address',
  POSTAL_CODE: 'address',
  DATE_OF_BIRTH: 'dateOfBirth',
  US_SSN: 'nationalId',
  CA_SIN: 'nationalId',
  NATIONAL_ID: 'nationalId',
  PASSPORT: 'nationalId',
  DRIVER_LICENSE: 'nationalId',
  IBAN: 'bankAccount',
  BANK_ACCOUNT: 'bankAccount',
  CREDIT_CARD: 'creditCard',
  IP_ADDRESS: 'ipAddress',
  API_KEY: 'secret',
};

/** What does harm by itself when it gets out. */
const RESTRICTED: ReadonlySet<FindingKind> = new Set(['nationalId', 'bankAccount', 'creditCard', 'secret']);

/** Text that looks like a token and is nobody's data. */
const NOT_PERSONAL = 'LITERAL';

/** What a classification is made of. */
export interface ClassifiedBy {
  readonly findings: FindingCounts;
  /** The least that the definition asks for. */
  readonly declared?: Classification;
  readonly attributes: Readonly<Record<string, string>>;
}

/** Counts findings by the kinds that policies know. */
export function countKinds(byEntity: Iterable<readonly [entity: string, count: number]>): FindingCounts {
  const counts: Partial<Record<FindingKind, number>> = {};
  for (const [entity, count] of byEntity) {
    if (entity === NOT_PERSONAL || count === 0) continue;
    const kind = KINDS[entity] ?? 'other';
    counts[kind] = (counts[kind] ?? 0) + count;
  }
  return counts;
}

/**
 * How sensitive data is: `internal` unless the definition says otherwise, `confidential` with personal data in it, `restricted` with
 * identity numbers, accounts, cards or secrets. What is declared raises it and never lowers what was found.
 */
export function classify({ findings, declared = 'internal', attributes }: ClassifiedBy): Classification {
  const kinds = Object.keys(findings) as FindingKind[];
  const found = kinds.some((kind) => RESTRICTED.has(kind))
    ? 'restricted'
    : kinds.length > 0
      ? 'confidential'
      : 'public';
  const attribute = attributes[CLASSIFICATION_ATTRIBUTE];
  return [found, declared, ...(isClassification(attribute) ? [attribute] : [])].reduce(
    (highest: Classification, each) => higher(highest, each as Classification),
    'public',
  );
}

export function higher(one: Classification, other: Classification): Classification {
  return rankOf(one) >= rankOf(other) ? one : other;
}

/** 0 for public to 3 for restricted. */
export function rankOf(classification: Classification): number {
  return CLASSIFICATIONS.indexOf(classification);
}

export function isClassification(text: unknown): text is Classification {
  return typeof text === 'string' && (CLASSIFICATIONS as readonly string[]).includes(text);
}
