import type { DraftFault } from '../../agents/agent.js';
import { tokensIn } from '../../compliance/pii/operators/tokenizer.js';
import { isUnsafe, type TextPlace } from '../../compliance/state/active-content.js';
import type { StateReview } from '../../compliance/state/state-rule.js';
import { resolveReference } from '../definitions/references.js';
import type { LoadedRun } from './loaded-run.js';

/** Gives what is wrong with one draft. */
export type DraftReviewer = (draft: unknown) => readonly DraftFault[];

/** What is known of an artefact that is about to be shown to people or to leave. */
export type ArtifactFacts = Pick<StateReview, 'drafts' | 'templates' | 'unsafeTexts' | 'outgoing'>;

/**
 * Looks at the artefact of a run.
 *
 * @param reviewers those of the agents whose drafts it holds.
 */
export function reviewArtifact(
  loaded: LoadedRun,
  outputs: Readonly<Record<string, unknown>>,
  reviewers: readonly DraftReviewer[],
): ArtifactFacts {
  const { artifact, definition } = loaded;
  const delivers = definition.phases.DELIVERY.delivery !== undefined;
  if (!artifact) return { ...NO_ARTIFACT, outgoing: delivers ? undefined : 'nothing' };
  const content = withoutLeftOut(loaded, artifact.content);
  const texts = textsIn(content);
  const messages = messagesIn(content);
  return {
    drafts: draftsOf(messages, reviewers, definition.phases.GENERATION.artifact?.mustContain ?? []),
    templates: {
      unresolved:
        texts.filter(({ text }) => isUnresolved(text)).length + unresolvedOutputs(loaded, outputs).length,
      unknownTokens: tokensIn(texts.map(({ text }) => text).join('\n')).filter(
        (token) => loaded.entryOf(token) === undefined,
      ).length,
    },
    unsafeTexts: texts.filter(({ text, place }) => isUnsafe(text, place)).length,
    outgoing: delivers ? outgoingOf(loaded, messages) : 'nothing',
  };
}

const NO_ARTIFACT: ArtifactFacts = {
  drafts: { placeholders: 0, againstBrief: 0, incomplete: 0 },
  templates: { unresolved: 0, unknownTokens: 0 },
  unsafeTexts: 0,
};

/** A message of an artefact; whoever wrote it past the program may have left anything. */
interface Message {
  readonly to?: unknown;
  readonly subject?: unknown;
  readonly body?: unknown;
}

function messagesIn(content: unknown): readonly Message[] {
  const emails = (content as { emails?: unknown } | null)?.emails;
  return Array.isArray(emails) ? (emails as unknown[]).map((each) => (each ?? {}) as Message) : [];
}

/** What of an artefact still goes out: messages to people who were left out since do not, and their tokens may be gone. */
function withoutLeftOut(loaded: LoadedRun, content: unknown): unknown {
  const notSent = loaded.leftOutAddresses();
  if (notSent.size === 0) return content;
  return Object.assign({}, content, { emails: messagesIn(content).filter(({ to }) => !notSent.has(to)) });
}

/** Every text of a value; those that become header lines are told apart. */
function textsIn(value: unknown, place: TextPlace = 'body'): { text: string; place: TextPlace }[] {
  if (typeof value === 'string') return [{ text: value, place }];
  if (value === null || typeof value !== 'object') return [];
  return Object.entries(value).flatMap(([key, each]) =>
    textsIn(each, HEADER_FIELDS.has(key) ? 'line' : 'body'),
  );
}

const HEADER_FIELDS: ReadonlySet<string> = new Set(['subject', 'to', 'from', 'channel', 'url']);

function draftsOf(
  messages: readonly Message[],
  reviewers: readonly DraftReviewer[],
  mustContain: readonly string[],
): NonNullable<StateReview['drafts']> {
  const wanted = mustContain.map(folded);
  const faults = messages.map((message) => reviewers.flatMap((reviewer) => reviewer(message)));
  return {
    placeholders: faults.filter((each) => each.includes('placeholder')).length,
    againstBrief: faults.filter((each) => each.includes('constraint')).length,
    incomplete:
      wanted.length === 0
        ? 0
        : messages.filter(({ body }) => {
            const text = folded(typeof body === 'string' ? body : '');
            return !wanted.every((each) => text.includes(each));
          }).length,
  };
}

/** Case and the breaking of lines make no other text. */
function folded(text: string): string {
  return text.toLowerCase().replaceAll(/\s+/g, ' ').trim();
}

/** A reference nobody has followed, or a variable of some template language. */
const UNRESOLVED = /^\$(?:\.[A-Za-z0-9_]+)+$|\{\{[^{}\n]{0,200}\}\}|\$\{[^{}\n]{0,200}\}|<%[^%\n]{0,200}%>/;

function isUnresolved(text: string): boolean {
  return (text.includes('$') || text.includes('{{') || text.includes('<%')) && UNRESOLVED.test(text);
}

/** References of the artefact to an output that is there, but not in the part that is asked for. */
function unresolvedOutputs(loaded: LoadedRun, outputs: Readonly<Record<string, unknown>>): string[] {
  const template = loaded.definition.phases.GENERATION.artifact?.content;
  return textsIn(template).flatMap(({ text }) => {
    const [root, part, name] = text.split('.');
    if (root !== '$' || part !== 'outputs' || name === undefined || !Object.hasOwn(outputs, name)) return [];
    return resolveReference(text, { outputs }) === undefined ? [text] : [];
  });
}

function outgoingOf(loaded: LoadedRun, messages: readonly Message[]): StateReview['outgoing'] {
  const { definition, input, run } = loaded;
  const listed = resolveReference(definition.phases.DELIVERY.delivery?.recipients ?? '', { input });
  const recipients = (Array.isArray(listed) ? (listed as unknown[]) : []).map(
    (each) => (each as { email?: unknown } | null)?.email,
  );
  const known = new Set(recipients);
  const addressed = messages.map(({ to }) => to);
  return {
    expected: recipients.length - loaded.failedItems(run).length,
    messages: messages.length,
    malformed: messages.filter(({ to, subject, body }) => ![to, subject, body].every(isFilled)).length,
    strangers: addressed.filter((to) => !known.has(to)).length,
    repeated: addressed.length - new Set(addressed).size,
  };
}

function isFilled(value: unknown): boolean {
  return typeof value === 'string' && value.trim() !== '';
}
