import type { PolicyRequest } from './policy-request.js';

type Fact = (request: PolicyRequest) => unknown;

/** What an attribute of the schema reads, wherever a policy finds it: `tenant` stands for that of principal and run. */
const FACTS: Readonly<Record<string, Fact>> = {
  tenant: ({ run }) => run.tenantId,
  roles: ({ principal }) => principal.roles,
  definition: ({ run }) => run.definition,
  definitionVersion: ({ run }) => run.definitionVersion,
  phase: ({ run }) => run.phase,
  owner: identitiesOf,
  session: ({ run }) => run.sessionId,
  degraded: ({ run }) => run.degraded,
  costUsd: ({ run }) => run.costUsd,
  tokens: ({ run }) => run.tokens,
  round: ({ run }) => run.round,
  classification: ({ known }) => known.classification,
  classificationRank: ({ known }) => known.classification,
  findings: ({ known }) => known.findings,
  consent: ({ known }) => known.consent,
  approval: ({ known }) => known.approval,
  recipients: ({ known }) => known.recipients,
  delivers: ({ known }) => known.delivers,
  channel: ({ known }) => known.channel,
  provider: ({ known }) => known.provider,
  time: ({ known }) => known.time,
};
/** Parts of facts that stand in {@link FACTS} as a whole, and what is the same for every request of a set. */
const PARTS: ReadonlySet<string> = new Set(
  (
    'total person email phone address dateOfBirth nationalId bankAccount creditCard ipAddress secret other covered ' +
    'missing status required given fourEyes hour weekday settings maxRecipients restrictedByWebhook restrictedNeedsOfficer'
  ).split(' '),
);

const tags: Fact = ({ run }) =>
  Object.entries(run.attributes).toSorted(([one], [other]) => (one < other ? -1 : 1));

/** Who principal, run and owner are: what a policy sees that compares them or names one of them. */
function identitiesOf({ principal, run }: PolicyRequest): unknown {
  return [principal.id, run.id, run.ownerId];
}

/**
 * The facts that policies mention. An answer depends on nothing else: where two requests agree in them, Cedar gives both
 * the same answer (it has no clock, no randomness and no other input).
 *
 * @param policies in Cedar's JSON form.
 * @returns what tells requests apart, undefined for one that must be asked in any case; undefined when a policy mentions
 *   what is not known here, so that nothing may be said of it.
 */
export function mentionedFacts(
  policies: readonly unknown[],
): ((request: PolicyRequest) => string | undefined) | undefined {
  const mentioned = new Set<Fact>([({ action }) => action]);
  try {
    for (const policy of policies) {
      const { principal, resource, conditions } = policy as Readonly<Record<string, unknown>>;
      if (namesSomebody(principal) || namesSomebody(resource)) mentioned.add(identitiesOf);
      visit(conditions, mentioned);
    }
  } catch {
    return undefined;
  }
  const facts = [...mentioned];
  return (request) =>
    isReadable(request) ? JSON.stringify(facts.map((fact) => fact(request) ?? null)) : undefined;
}

/** Whether the engine could read a request: where it could not, that is the answer, whatever the policies mention. */
function isReadable({ run, known }: PolicyRequest): boolean {
  const counts = [run.definitionVersion, run.tokens, run.round, known.recipients, known.approval.given];
  return DECIMAL.test(run.costUsd) && counts.every(Number.isSafeInteger);
}

const DECIMAL = /^\d{1,14}\.\d{4}$/;

/** Whether the head of a policy is about certain principals or runs: `==`, `in`, `is … in`. */
function namesSomebody(scope: unknown): boolean {
  const { op, in: within } = scope as { readonly op: string; readonly in?: unknown };
  return !(op === 'All' || (op === 'is' && within === undefined));
}

/** @throws TypeError at an attribute that is not known here. */
function visit(expression: unknown, mentioned: Set<Fact>): void {
  if (Array.isArray(expression)) {
    for (const each of expression) visit(each, mentioned);
    return;
  }
  if (typeof expression !== 'object' || expression === null) return;
  for (const [operator, operands] of Object.entries(expression)) {
    if (operator === 'Value') continue;
    if (operator === 'Var') mentionWhole(operands, mentioned);
    else if (operator === '.' || operator === 'has') visitAttribute(operands as Attribute, mentioned);
    else if (operator === 'hasTag' || operator === 'getTag') visitTag(operands as Tag, mentioned);
    else visit(operands, mentioned);
  }
}

interface Attribute {
  readonly left: unknown;
  readonly attr: string;
}

function visitAttribute({ left, attr }: Attribute, mentioned: Set<Fact>): void {
  const fact = Object.hasOwn(FACTS, attr) ? FACTS[attr] : undefined;
  if (fact) mentioned.add(fact);
  else if (!PARTS.has(attr)) throw new TypeError(`"${attr}" is not known`);
  if (!isVariable(left)) visit(left, mentioned);
}

interface Tag {
  readonly left: unknown;
  readonly right: unknown;
}

function visitTag({ left, right }: Tag, mentioned: Set<Fact>): void {
  mentioned.add(tags);
  if (!isVariable(left)) visit(left, mentioned);
  visit(right, mentioned);
}

/** A variable by itself, not one of its attributes. */
function mentionWhole(variable: unknown, mentioned: Set<Fact>): void {
  // The action is among the facts in any case.
  if (variable === 'action') return;
  if (variable !== 'principal' && variable !== 'resource') throw new TypeError('the whole context');
  mentioned.add(identitiesOf);
}

function isVariable(expression: unknown): boolean {
  return typeof expression === 'object' && expression !== null && Object.hasOwn(expression, 'Var');
}
