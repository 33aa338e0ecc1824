import type { SubjectTokens, Tokenizer } from '../../compliance/pii/operators/tokenizer.js';
import type { JsonValue } from '../../kernel/canonical-json.js';
import type { WorkflowDefinition } from '../definitions/definition.schema.js';
import { resolveReference } from '../definitions/references.js';

interface Person {
  readonly name: string;
  readonly email: string;
  readonly attributes?: Readonly<Record<string, string>>;
}

type Input = Readonly<Record<string, unknown>>;

/**
 * Puts tokens in place of all personal data of an input, before anything of it is stored. People are made known
 * first, so that their names and addresses are found wherever else they stand; what everybody is meant to read is
 * shared, what stands with one recipient is theirs.
 */
export function tokenizeInput(
  definition: WorkflowDefinition,
  input: Input,
  tokenizer: Tokenizer,
  subjectRefOf: (email: string) => string,
): { input: Record<string, JsonValue>; recipientRefs: string[] } {
  const { recipients: recipientsPath, sender: senderPath } = definition.subjects;
  const recipients = peopleAt(recipientsPath, input);
  const sender = senderPath === undefined ? [] : peopleAt(senderPath, input);
  const known = new Map<Person, SubjectTokens>();
  for (const person of [...recipients, ...sender])
    known.set(person, introduce(person, tokenizer, subjectRefOf));

  const rest = tokenizer.tokenizeJson(without(input, [recipientsPath, senderPath]), 'untrusted', {
    shared: true,
  });
  const tokenized = structuredClone(rest) as Record<string, JsonValue>;
  const withTokens = (person: Person) =>
    tokenizedPerson(person, known.get(person) as SubjectTokens, tokenizer, subjectRefOf(person.email));
  put(tokenized, recipientsPath, recipients.map(withTokens));
  const [from] = sender;
  if (senderPath !== undefined && from) {
    const { name, email } = known.get(from) as SubjectTokens;
    put(tokenized, senderPath, { name: name ?? '', email: email ?? '' });
  }
  return { input: tokenized, recipientRefs: recipients.map((person) => subjectRefOf(person.email)) };
}

function introduce(
  person: Person,
  tokenizer: Tokenizer,
  subjectRefOf: (email: string) => string,
): SubjectTokens {
  const personal = Object.entries(person.attributes ?? {}).filter(([key]) => tokenizer.isPersonalField(key));
  return tokenizer.addSubject({
    subjectRef: subjectRefOf(person.email),
    name: person.name,
    email: person.email,
    fields: Object.fromEntries(personal),
  });
}

function tokenizedPerson(
  person: Person,
  tokens: SubjectTokens,
  tokenizer: Tokenizer,
  subjectRef: string,
): JsonValue {
  const attributes = Object.entries(person.attributes ?? {}).map(
    ([key, value]) =>
      [key, tokens.fields[key] ?? tokenizer.tokenizeUntrusted(value, { subjectRefs: [subjectRef] })] as const,
  );
  return {
    name: tokens.name ?? '',
    givenName: tokens.givenName ?? '',
    email: tokens.email ?? '',
    ...(person.attributes && { attributes: Object.fromEntries(attributes) }),
  };
}

function peopleAt(reference: string, input: Input): readonly Person[] {
  const found = resolveReference(reference, { input });
  if (Array.isArray(found)) return found as Person[];
  return found === undefined ? [] : [found as Person];
}

/** The input without what stands at the references (`$.input.a.b`). */
function without(input: Input, references: readonly (string | undefined)[]): JsonValue {
  const copy = structuredClone(input) as Record<string, unknown>;
  for (const reference of references) {
    if (reference === undefined) continue;
    const { parent, key } = placeOf(copy, reference);
    if (parent) delete parent[key];
  }
  return copy as JsonValue;
}

function put(input: Record<string, JsonValue>, reference: string, value: JsonValue): void {
  const { parent, key } = placeOf(input, reference);
  if (parent) parent[key] = value;
}

function placeOf(
  input: Record<string, unknown>,
  reference: string,
): { parent: Record<string, unknown> | undefined; key: string } {
  const keys = reference.split('.').slice(2);
  const key = keys.pop() ?? '';
  const parent = keys.length === 0 ? input : resolveReference(['$', 'input', ...keys].join('.'), { input });
  return { parent: parent as Record<string, unknown> | undefined, key };
}
