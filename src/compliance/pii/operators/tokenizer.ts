import type { JsonValue } from '../../../kernel/canonical-json.js';
import type { Finding } from '../recognizers/finding.js';
import { type IdentityMatch, KnownIdentities } from '../recognizers/known-identities.js';
import { givenNameOf } from '../recognizers/person-names.js';
import { type EntityName, personalFieldEntity } from './personal-fields.js';
import { type PersonalSpan, personalSpans } from './personal-spans.js';
import { TokenLedger, type VaultEntry } from './token-ledger.js';
import { replaceLookalikes } from './token-text.js';
import { tokenizeOperator } from './tokenize.operator.js';

export type { EntityName } from './personal-fields.js';
export type { VaultEntry } from './token-ledger.js';
export { restoreText, tokensIn } from './token-text.js';

/** A person whose data is known before any text is read: a recipient or the sender. */
export interface KnownSubject {
  readonly subjectRef: string;
  readonly name?: string;
  readonly email?: string;
  /** Further personal attributes, such as a phone number or an address. */
  readonly fields?: Readonly<Record<string, string>>;
}

/** The tokens that stand for a subject's data. */
export interface SubjectTokens {
  name?: string;
  givenName?: string;
  email?: string;
  fields: Record<string, string>;
}

export interface TokenizeOptions {
  /** The text is meant for everybody: its tokens may be restored for every recipient. */
  readonly shared?: boolean;
  /**
   * The subjects the text may speak of, its owner first. New values belong to the owner, and a value that several
   * people have is taken for one of these. Single words of other people's names stay: here they are ordinary
   * words, and their tokens could never be restored.
   */
  readonly subjectRefs?: readonly string[];
}

export type TokenizeMode = 'model' | 'untrusted';

/** A value taken out can bring another one to light at its edge; more rounds than this are an attack. */
const MAX_ROUNDS = 8;
/** Clean texts remembered per key, so that a run of 10,000 messages does not hold them twice for ever. */
const MAX_REMEMBERED = 10_000;

/** Personal data in, tokens out, for one run: values never stand in what it returns. */
export class Tokenizer {
  private readonly runRef: string;
  private readonly ledger: TokenLedger;
  private readonly identities = new KnownIdentities();
  /** Texts in which nothing was found, by the key they stand under; a text comes by several times. */
  private readonly clean = new Map<string, Set<string>>();

  /**
   * @param options.runRef the subject of values that belong to nobody known.
   * @param options.entries what the vault holds of this run already, to go on where it stopped.
   */
  constructor(options: { runRef: string; entries?: readonly VaultEntry[] }) {
    const entries = options.entries ?? [];
    this.runRef = options.runRef;
    this.ledger = new TokenLedger(entries);
    for (const entry of entries) {
      if (entry.subjectRef !== this.runRef && entry.entity !== 'LITERAL') this.identities.add(entry);
    }
  }

  /** Registers a person, so that their data is found in every text. The same person again gives the same tokens. */
  addSubject(subject: KnownSubject): SubjectTokens {
    const { subjectRef, name, email } = subject;
    this.ledger.number(subjectRef);
    const tokens: SubjectTokens = { fields: {} };
    if (name) {
      tokens.name = this.register(subjectRef, 'PERSON', name);
      tokens.givenName = this.register(subjectRef, 'GIVEN_NAME', givenNameOf(name));
    }
    if (email) tokens.email = this.register(subjectRef, 'EMAIL', email);
    const fields = Object.entries(subject.fields ?? {}).map(([key, value]) => {
      const entity = personalFieldEntity(key) ?? 'ATTRIBUTE';
      return [key, value === '' ? '' : this.register(subjectRef, entity, value)] as const;
    });
    tokens.fields = Object.fromEntries(fields);
    return tokens;
  }

  /** Tokenises what a model wrote. Tokens in it stay as they are. */
  tokenizeText(text: string, options: TokenizeOptions = {}): string {
    return this.tokenize(text, '', options);
  }

  /**
   * Tokenises what a person wrote. Nothing in it can pose as a token: look-alikes become tokens themselves, which
   * are restored to what was written and never to somebody's value.
   */
  tokenizeUntrusted(text: string, options: TokenizeOptions = {}): string {
    return this.tokenize(this.withoutLookalikes(text), '', options);
  }

  /**
   * Tokenises every text of a JSON value, keys included; the key of a text counts as context. Numbers stay
   * unless they are long and one that a detector knows.
   */
  tokenizeJson(value: JsonValue, mode: TokenizeMode, options: TokenizeOptions = {}): JsonValue {
    return this.walk(value, '', (text, key) => {
      const trusted = mode === 'untrusted' ? this.withoutLookalikes(text) : text;
      return this.tokenize(trusted, key, options);
    });
  }

  /** The kind of personal data a field holds by its name, if it is personal. */
  isPersonalField(key: string): EntityName | undefined {
    return personalFieldEntity(key);
  }

  /** How many different values of each kind of data were found so far. */
  entityCounts(): Iterable<readonly [entity: string, count: number]> {
    return this.ledger.entityCounts();
  }

  /** Entries made, or shared for the first time, since the last call: the vault has to seal them. */
  takeNewEntries(): VaultEntry[] {
    return this.ledger.takeChanged();
  }

  /**
   * What a strict look still finds outside tokens, with offsets in the text it stands in: empty for everything
   * that went through {@link tokenizeJson}. Single words of names do not count, for they may be ordinary words.
   */
  residual(value: JsonValue): Finding[] {
    const findings: Finding[] = [];
    this.walk(value, '', (text, key) => {
      // Tokenising finds at least what this look does.
      if (this.clean.get(key)?.has(text)) return text;
      for (const { entity, start, end, score } of this.spansIn(text, key, { subjectRefs: [] })) {
        findings.push({ entity, start, end, score });
      }
      return text;
    });
    return findings;
  }

  private register(subjectRef: string, entity: string, value: string): string {
    this.identities.add({ subjectRef, entity, value });
    this.clean.clear();
    const known = this.ledger.ofSubject(subjectRef, entity, value);
    return (known ?? this.ledger.issue(subjectRef, entity, value, false)).token;
  }

  private withoutLookalikes(text: string): string {
    return replaceLookalikes(text, (lookalike) => {
      const known = this.ledger.sharedOf('LITERAL', lookalike);
      return (known ?? this.ledger.issue(this.runRef, 'LITERAL', lookalike, true)).token;
    });
  }

  private tokenize(text: string, key: string, options: TokenizeOptions): string {
    let current = text;
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const spans = this.spansIn(current, key, options);
      if (spans.length === 0) {
        this.remember(key, current);
        return current;
      }
      current = tokenizeOperator(current, spans, (value, span) => this.tokenOf(value, span, options)).text;
    }
    return current;
  }

  private remember(key: string, text: string): void {
    const texts = this.clean.get(key);
    if (!texts) this.clean.set(key, new Set([text]));
    else if (texts.size < MAX_REMEMBERED) texts.add(text);
  }

  private spansIn(text: string, key: string, options: TokenizeOptions): PersonalSpan[] {
    return personalSpans(text, key, (masked) =>
      this.identities.find(masked).filter((match) => this.isMeant(match, masked, options)),
    );
  }

  /** Whether one word of a name stands for the person, see {@link TokenizeOptions.subjectRefs}. */
  private isMeant(match: IdentityMatch, text: string, { subjectRefs }: TokenizeOptions): boolean {
    if (!match.part || !subjectRefs) return true;
    if (subjectRefs.some((subjectRef) => match.subjects.has(subjectRef))) return true;
    return (
      subjectRefs.length > 0 &&
      this.ledger.sharedOf(match.entity, text.slice(match.start, match.end)) !== undefined
    );
  }

  private tokenOf(value: string, { entity, subjects }: PersonalSpan, options: TokenizeOptions): string {
    const subjectRefs = options.subjectRefs ?? [];
    const entry = subjects
      ? this.entryOfKnown(value, entity, subjects, subjectRefs)
      : (this.entryOfFound(value, entity, options) ??
        this.ledger.issue(subjectRefs[0] ?? this.runRef, entity, value, options.shared ?? false));
    return (options.shared ? this.ledger.share(entry) : entry).token;
  }

  private entryOfKnown(
    value: string,
    entity: string,
    subjects: ReadonlySet<string>,
    subjectRefs: readonly string[],
  ): VaultEntry {
    const meant = subjectRefs.find((subjectRef) => subjects.has(subjectRef));
    const shared = meant === undefined ? this.ledger.sharedOf(entity, value) : undefined;
    if (shared && subjects.has(shared.subjectRef)) return shared;
    const subjectRef = meant ?? subjects.values().next().value ?? this.runRef;
    return (
      this.ledger.ofSubject(subjectRef, entity, value) ?? this.ledger.issue(subjectRef, entity, value, false)
    );
  }

  private entryOfFound(value: string, entity: string, options: TokenizeOptions): VaultEntry | undefined {
    for (const subjectRef of options.subjectRefs ?? []) {
      const own = this.ledger.ofSubject(subjectRef, entity, value);
      if (own) return own;
    }
    // A value found in a text of somebody else stays theirs: restored here, it would tell who else has it.
    const anyone = options.shared || !options.subjectRefs?.length;
    return this.ledger.sharedOf(entity, value) ?? (anyone ? this.ledger.anyOf(entity, value) : undefined);
  }

  private walk(value: JsonValue, key: string, onText: (text: string, key: string) => string): JsonValue {
    if (typeof value === 'string') return onText(value, key);
    if (typeof value === 'number') return walkNumber(value, key, onText);
    if (value === null || typeof value === 'boolean') return value;
    if (isList(value)) return value.map((item) => this.walk(item, key, onText));
    return Object.fromEntries(
      Object.entries(value).map(([name, item]) => [onText(name, ''), this.walk(item, name, onText)]),
    );
  }
}

function walkNumber(value: number, key: string, onText: (text: string, key: string) => string): JsonValue {
  if (!Number.isInteger(value) || Math.abs(value) < 100_000_000) return value;
  const text = String(value);
  const tokenized = onText(text, key);
  return tokenized === text ? value : tokenized;
}

function isList(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value);
}
