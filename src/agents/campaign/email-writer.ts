import { readBrief } from './brief-reading.js';
import {
  ACTION_LEADS,
  INCLUDE_LEADS,
  OFFER_LEADS,
  phrasesFor,
  STATEMENT_LEADS,
  VOICE_PHRASES,
} from './campaign-phrases.js';
import type { Brief, Email, Recipient, Sender, Strategy } from './campaign.schema.js';
import { forbiddenIn } from './email-faults.js';
import { linesFor, usableFields } from './personal-lines.js';
import { Variation } from './variation.js';
import { findVoice, type Voice } from './voice.js';
import { lowerFirst, sentence, stripEnd, URL_IN_TEXT, wordCount } from './wording.js';
import { isUnanswered, readRules, type WritingRules } from './writing-rules.js';

/** Everything one e-mail is written from. */
interface EmailTask {
  readonly brief: Brief;
  readonly strategy: Strategy;
  readonly sender: Sender;
  readonly recipient: Recipient;
  readonly changeRequests?: readonly string[];
}

type Paragraph = 'opening' | 'personal' | 'offer' | 'action' | 'closing';

interface Part {
  readonly paragraph: Paragraph;
  readonly text: string;
  /** Parts of low worth go first when the text is too long; essential ones stay. */
  readonly worth: 'essential' | 'useful' | 'nice' | 'polite';
}

const CONTACT =
  /\b(?:reach|contact|get in touch|(?:speak|talk) (?:to|with))\b.*\b(?:us|you|person|people|human|someone|somebody|sales|support|team)\b/i;
const UNSUBSCRIBE = 'If you would rather not hear from us, reply to this e-mail with the word “unsubscribe”.';

interface Desk {
  readonly task: EmailTask;
  readonly rules: WritingRules;
  readonly voice: Voice;
  readonly vary: Variation;
}

/** Writes one e-mail without a model: same task, same words; another recipient, another e-mail. */
export function writeEmail(task: EmailTask): Email {
  const rules = readRules([...(task.brief.constraints ?? []), ...(task.changeRequests ?? [])]);
  const voice = rules.voice ?? findVoice(task.strategy.tone) ?? findVoice(task.brief.tone) ?? 'friendly';
  const vary = new Variation(
    `${task.recipient.email}\u0000${task.brief.goal}\u0000${task.brief.offer ?? ''}`,
  );
  const desk: Desk = { task, rules, voice, vary };
  const email = { subject: subjectOf(desk), body: bodyOf(desk) };
  if (!rules.noExclamation) return email;
  return { subject: email.subject.replaceAll('!', '.'), body: email.body.replaceAll('!', '.') };
}

function subjectOf(desk: Desk): string {
  const { task, rules, vary } = desk;
  if (rules.subject !== undefined) return oneLine(rules.subject);
  const given = givenNameOf(task.recipient);
  const plain = phrasesFor(readBrief(task.brief)).subjects;
  const offer = task.brief.offer === undefined ? undefined : stripEnd(task.brief.offer);
  const variants = [
    ...plain,
    ...plain.map((subject) => `${given}, ${lowerFirst(subject)}`),
    ...(offer !== undefined && offer.length <= 60
      ? [sentenceStart(offer), `${given}, for you: ${offer}`]
      : []),
  ];
  const subject = vary.pick('subject', allowed(variants, rules)) ?? `A message for ${given}`;
  return oneLine(subject.charAt(0).toUpperCase() + subject.slice(1));
}

function bodyOf(desk: Desk): string {
  const { task, rules, voice, vary } = desk;
  const { greetings, fullName, signOffs } = VOICE_PHRASES[voice];
  const name = fullName ? task.recipient.name : givenNameOf(task.recipient);
  const frame = (parts: readonly Part[]): string =>
    [
      `${vary.pick('greeting', allowed(greetings, rules)) ?? 'Hello'} ${name},`,
      ...paragraphs(parts),
      `${vary.pick('sign-off', allowed(signOffs, rules)) ?? 'Kind regards,'}\n${task.sender.name}`,
    ].join('\n\n');
  return frame(shorten(partsOf(desk), rules, frame));
}

function partsOf(desk: Desk): Part[] {
  const { task, rules, voice, vary } = desk;
  const reading = readBrief(task.brief);
  const tight = rules.short || (rules.maxWords ?? Infinity) < 100;
  const opening = vary.pick('opening', allowed(phrasesFor(reading).openings, rules));
  const courtesy = vary.pick('courtesy', allowed(VOICE_PHRASES[voice].courtesies, rules));
  const parts: (Part | undefined)[] = [
    part('opening', opening, 'essential'),
    ...allowed(reading.facts, rules).map((fact) => part('opening', sentence(fact), 'nice')),
    ...personalLines(desk).map((line, index) => part('personal', line, index === 0 ? 'useful' : 'nice')),
    part('offer', offerLine(desk), 'essential'),
    ...includeParts(desk, tight),
    part('action', actionLine(desk, tight), 'essential'),
    part('action', courtesy, 'polite'),
  ];
  return parts.filter((entry) => entry !== undefined);
}

function part(paragraph: Paragraph, text: string | undefined, worth: Part['worth']): Part | undefined {
  return text === undefined ? undefined : { paragraph, text, worth };
}

/** At most two sentences about the recipient, from different fields; which ones differs between recipients. */
function personalLines({ task, rules, vary }: Desk): string[] {
  const attributes = task.recipient.attributes ?? {};
  const fields = usableFields(attributes);
  const first = vary.pick('first field', fields);
  const second = vary.pick(
    'second field',
    fields.filter((field) => field !== first),
  );
  return [first, second].flatMap((field) => {
    if (field === undefined) return [];
    return vary.pick(`line ${field}`, allowed(linesFor(field, attributes[field] ?? ''), rules)) ?? [];
  });
}

function offerLine({ task, rules, vary }: Desk): string | undefined {
  const offer = stripEnd(task.brief.offer ?? '');
  if (offer === '') return undefined;
  const leads = OFFER_STATEMENT.test(offer) ? STATEMENT_LEADS : OFFER_LEADS;
  const variants = leads.map((lead) => sentence(lead === '' ? offer : `${lead}: ${offer}`));
  return vary.pick('offer', allowed(variants, rules));
}

/** An offer that tells who gets what, not what there is: `Whoever renews early keeps the price`. */
const OFFER_STATEMENT =
  /^(?:whoever|everyone|everybody|anyone|all|if|when|those|you|we|your|our|customers?|with)\b/i;

/** What has to be said and is not said by the offer already. */
function includeParts(desk: Desk, tight: boolean): Part[] {
  const { task, rules } = desk;
  const demanded = new Set(rules.include.map(stripEnd));
  demanded.delete('');
  demanded.delete(stripEnd(task.brief.offer ?? ''));
  return [...demanded]
    .filter((item) => forbiddenIn(item, rules).length === 0)
    .flatMap((item) => includePart(item, desk, tight) ?? []);
}

function includePart(item: string, { task, vary }: Desk, tight: boolean): Part | undefined {
  if (/\b(?:unsubscribe|opt[- ]?out)\b/i.test(item)) return part('closing', UNSUBSCRIBE, 'essential');
  if (CONTACT.test(item)) {
    const line = `If you would rather contact a person, reply to this e-mail: your message reaches ${task.sender.name}.`;
    return part('closing', line, 'essential');
  }
  // "Say how it works" asks for something the brief does not tell; it stays an open question.
  if (isUnanswered(item)) return undefined;
  // No full stop after an address: mail programs make it part of the link.
  const [url] = URL_IN_TEXT.exec(item) ?? [];
  if (url !== undefined) return part('offer', `More about this: ${url}`, 'essential');
  if (isStatement(item)) return part('offer', sentence(item), 'essential');
  const lead = tight ? INCLUDE_LEADS[0] : (vary.pick(`include ${item}`, INCLUDE_LEADS) ?? INCLUDE_LEADS[0]);
  return part('offer', sentence(`${lead}: ${item}`), 'essential');
}

/** Whether a demanded item is a sentence that can stand alone, not a thing to be named. */
function isStatement(item: string): boolean {
  return /\b(?:is|are|was|were|has|have|will|can|ends?|starts?|expires?|applies|remains?|includes?|needs?)\b/.test(
    item,
  );
}

function actionLine({ task, rules, vary }: Desk, tight: boolean): string {
  const action = stripEnd(task.strategy.callToAction);
  const own = phrasesFor(readBrief(task.brief)).callToAction;
  const lead = tight ? '' : (vary.pick('action', ACTION_LEADS) ?? '');
  const actions = isAddressed(action) ? [action, own] : [own];
  const variants = [
    ...actions.flatMap((text) => [withLead(lead, text), sentence(text)]),
    'Reply to this e-mail if you would like to know more.',
  ];
  return allowed(variants, rules)[0] ?? 'We look forward to your answer.';
}

/** A strategy made by a model may describe the action to colleagues instead of asking the recipient for it. */
function isAddressed(action: string): boolean {
  return (
    wordCount(action) <= 25 &&
    /^\p{Lu}\p{Ll}+ /u.test(action) &&
    !/\b(?:recipients?|readers?|they|customers?)\b/i.test(action)
  );
}

function withLead(lead: string, action: string): string {
  if (lead === '') return sentence(action);
  return sentence(lead.endsWith('Then') ? `${lead} ${lowerFirst(action)}` : `${lead}: ${lowerFirst(action)}`);
}

/** Leaves parts out, the least worth first and the last said first, until the text is short enough. */
function shorten(
  parts: readonly Part[],
  rules: WritingRules,
  frame: (parts: readonly Part[]) => string,
): Part[] {
  let kept = rules.short
    ? parts.filter(({ worth }) => worth === 'essential' || worth === 'useful')
    : [...parts];
  if (rules.maxWords === undefined) return kept;
  for (const worth of ['polite', 'nice', 'useful'] as const) {
    while (wordCount(frame(kept)) > rules.maxWords) {
      const last = kept.findLastIndex((entry) => entry.worth === worth);
      if (last < 0) break;
      kept = kept.filter((_, index) => index !== last);
    }
  }
  return kept;
}

function paragraphs(parts: readonly Part[]): string[] {
  const order: readonly Paragraph[] = ['opening', 'personal', 'offer', 'action', 'closing'];
  return order
    .map((name) =>
      parts
        .filter(({ paragraph }) => paragraph === name)
        .map(({ text }) => text)
        .join(' '),
    )
    .filter((text) => text !== '');
}

/** The variants in which nothing forbidden occurs. */
function allowed(variants: readonly string[], rules: WritingRules): string[] {
  // Exclamation marks are taken out of the finished text, so they rule no variant out.
  return variants.filter((variant) => forbiddenIn(variant, { ...rules, noExclamation: false }).length === 0);
}

function givenNameOf(recipient: Recipient): string {
  return recipient.givenName.trim() === '' ? recipient.name : recipient.givenName;
}

function sentenceStart(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** A subject is one line of at most 150 characters and never ends inside a reference. */
function oneLine(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ').trim();
  if (line.length <= 150) return line;
  const cut = line.slice(0, 149).replace(/⟦[^⟧]*$/, '');
  return `${cut.replace(/\s+\S*$/, '')}…`;
}
