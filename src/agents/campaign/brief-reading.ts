import type { Brief } from './campaign.schema.js';
import { sentencesOf, stripEnd } from './wording.js';

/** What kind of message a goal asks for. */
export type CampaignKind =
  | 'announce'
  | 'invite'
  | 'win_back'
  | 'upgrade'
  | 'renew'
  | 'act'
  | 'thank'
  | 'feedback'
  | 'remind'
  | 'promote'
  | 'general'
  | 'check_in';

/** A brief's goal as the writer understands it. */
export interface BriefReading {
  readonly kind: CampaignKind;
  /** What it is about, from the recipient's side: `our new dashboard`; a verb phrase for `act`. */
  readonly topic: string | undefined;
  /** Sentences of the goal that a recipient may read as they stand. */
  readonly facts: readonly string[];
}

const PEOPLE =
  '(?:customers?|clients?|users?|members?|subscribers?|people|readers|leads|prospects|partners|guests|buyers|teams?|companies|employees|patients|donors)';

/** Tried in order; the first group, where there is one, is the topic. */
const PATTERNS: readonly (readonly [CampaignKind, RegExp])[] = [
  [
    'win_back',
    /\b(?:w[io]n(?:ning)?\s+(?:\S+\s+){0,4}?back|re-?engag\w*|re-?activat\w*|bring(?:ing)?\s+(?:\S+\s+){0,4}?back|come\s+back)\b/i,
  ],
  ['invite', /\binvit\w*\b.*?\bto\s+(.+)/i],
  ['invite', /\b(?:attendance|registrations?|sign-?ups?)\s+(?:at|for|to)\s+(.+)/i],
  ['feedback', /\b(?:feedback|survey|opinions?)\b(?:.*?\b(?:on|about|regarding)\s+(.+))?/i],
  ['thank', /\bthank\w*\b(?:.*?\bfor\s+(.+))?/i],
  ['remind', /\bremind\w*\b.*?\b(?:about|of)\s+(.+)/i],
  ['renew', /\brenew(?:als?|ing)?\b(?:\s+(?:of\s+)?(.+))?/i],
  [
    'act',
    /\b(?:encourag|motivat|persuad|convinc|get|ask|help|enabl|urg|nudg|remind)\w*\b.+?\bto\s+(\p{Ll}.+)/iu,
  ],
  ['upgrade', /\b(?:upgrad|upsell|mov|switch|convert|migrat)\w*\b.*?\bto\s+(.+)/i],
  ['announce', new RegExp(`\\bintroduc\\w*\\s+(?:\\S+\\s+){0,3}?${PEOPLE}\\s+to\\s+(.+)`, 'i')],
  ['announce', /\b(?:inform|tell|notif|updat)\w*\b.*?\b(?:about|of|on)\s+(.+)/i],
  ['announce', /\b(?:announc|launch|introduc|present|unveil|releas)\w*\s+(.+)/i],
  ['promote', /\b(?:promot|sell|market|advertis|offer|recommend|pitch)\w*\s+(.+)/i],
];

/** Reads what a brief's goal wants said. */
export function readBrief(brief: Brief): BriefReading {
  const [first = brief.goal, ...rest] = sentencesOf(brief.goal);
  const facts = rest.filter(isForRecipients);
  for (const [kind, pattern] of PATTERNS) {
    const match = pattern.exec(first);
    if (match) return { kind, topic: topicOf(kind, match[1], first), facts };
  }
  // With neither a topic nor an offer there is nothing to announce: a message can only ask and listen.
  return { kind: brief.offer === undefined ? 'check_in' : 'general', topic: undefined, facts };
}

const CLAUSE_END =
  /[.;:!?\n]|\s[-–—]\s|,?\s+(?:so that|so they|in order to|because|which|while|before they|and (?:increase|raise|grow|drive|boost|improve|get|make))\b/i;
const AUDIENCE_END = new RegExp(`\\s+(?:to|among|with)\\s+(?:\\S+\\s+){0,4}?${PEOPLE}\\b.*$`, 'i');
const ONLY_PEOPLE = new RegExp(`^(?:\\S+\\s+){0,2}${PEOPLE}$`, 'i');
const DETERMINED =
  /^(?:(?:an?|the|our|your|this|these|that|those|all|every|each|some|any|more|two|three|four|five)\b|⟦|\d|\p{Lu})/u;

function topicOf(kind: CampaignKind, raw: string | undefined, goal: string): string | undefined {
  if (raw === undefined) return undefined;
  const [clause = ''] = raw.split(CLAUSE_END);
  const topic = secondPerson(stripEnd(clause.replace(AUDIENCE_END, '')));
  if (topic.length < 3 || topic.length > 100 || ONLY_PEOPLE.test(topic)) return undefined;
  // "A renewal before 1 October" leaves only the time: what is to be renewed stands elsewhere, if at all.
  if (PREPOSITION.test(topic)) return kind === 'renew' ? `your ${contractIn(goal)} ${topic}` : undefined;
  if (DETERMINED.test(topic)) return topic;
  if (kind === 'renew') return `your ${topic}`;
  return kind === 'announce' || kind === 'promote' ? `our ${topic}` : topic;
}

const PREPOSITION = /^(?:before|after|by|until|till|in|at|on|for|from|with|to|of|during|within|and|or)\b/i;
const CONTRACT =
  /\b(?:(?:annual|yearly|monthly|quarterly|maintenance|support|service|insurance|current)\s+)*(?:plan|contract|subscription|membership|licen[cs]e|policy|agreement|lease)\b/i;

function contractIn(goal: string): string {
  return CONTRACT.exec(goal)?.[0].toLowerCase() ?? 'contract';
}

/** The goal speaks of recipients, the e-mail to them. */
function secondPerson(text: string): string {
  return text
    .replaceAll(/\btheir\b/gi, 'your')
    .replaceAll(/\bthemselves\b/gi, 'yourself')
    .replaceAll(/\b(?:they|them)\b/gi, 'you');
}

const RECIPIENT_FACING = /^(?:It|This|These|The|Our|We|With|From|Starting|You|There|Until|By|On|In)\b/;
const INTERNAL =
  /\b(?:campaign|e-?mails?|recipients?|audience|goal|target|kpi|conversion|revenue|churn|open rate|they|them|their|customers|we (?:want|need|hope|plan|aim|expect)|should|must)\b/i;

function isForRecipients(text: string): boolean {
  return RECIPIENT_FACING.test(text) && !INTERNAL.test(text);
}
