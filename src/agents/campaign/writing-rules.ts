import { mentions, stripEnd, URL_IN_TEXT } from './wording.js';
import { findVoice, type Voice } from './voice.js';

/** What constraints and change requests, written by people, mean for a text. */
export interface WritingRules {
  /** Most words of a body. */
  readonly maxWords: number | undefined;
  /** Whether texts should be shorter than usual. */
  readonly short: boolean;
  readonly voice: Voice | undefined;
  /** A subject line that was dictated. */
  readonly subject: string | undefined;
  /** What to say, as phrases or sentences. */
  readonly include: readonly string[];
  /** What to avoid, in the words of the author. */
  readonly avoid: readonly string[];
  /** Words of `avoid` whose absence can be tested. */
  readonly avoidTerms: readonly string[];
  readonly noExclamation: boolean;
  readonly noEmoji: boolean;
  readonly noLinks: boolean;
}

type Draft = {
  -readonly [Key in keyof WritingRules]: WritingRules[Key] extends readonly string[]
    ? string[]
    : WritingRules[Key];
};

const DIRECTIVE =
  "(?:mention|include|add|state|say|point out|highlight|link to|remove|drop|delete|leave out|omit|avoid|make|keep|do not|don[’']t|never|no|use|shorten|change)";
const CLAUSE_BREAK = new RegExp(
  `(?<=\\S\\S)[.;]\\s+|[;\\n]+|,?\\s+and\\s+(?=${DIRECTIVE}\\b)|,\\s*(?=${DIRECTIVE}\\b)`,
  'i',
);

const FILLER =
  /^(?:(?:please|also|but|then|and|always|must|should|could you|can you|(?:the e-?mails?|e-?mails|you|we|they|it)\s+(?:must|should|can|has to|have to|needs? to))\s+)+/i;
const WORD_LIMIT = /(?<strict>under|below|fewer than|less than)?\s*(?<count>\d+)\s+words?\b/i;
const SUBJECT =
  /\bsubject(?: line)?\s*(?:should be|must be|to be|to|:|=)\s*["“”'‘’]?(?<subject>[^"“”\n]+?)["“”'’]?$/i;
const AVOID =
  /^(?:do not|don[’']t|never|avoid|no|not|without|remove|drop|delete|leave out|omit|cut|skip|take out|stop)\b\s*(?<what>.+)$/i;
const INCLUDE =
  /^(?:mention|include|add|state|say|refer to|point out|highlight|emphasi[sz]e|link to)\b\s*(?<what>.+)$/i;
const SHORT = /\b(?:shorter|shorten|too long|briefer|brief|concise|keep (?:it|them) short|short)\b/i;
const DEADLINE = /\b(?:until|by|before|ends?|expires?|deadline|valid|starts?|opens?|closes?|from)\b.*\d/i;

/** Reads constraints and change requests; what is said later wins where only one can hold. */
export function readRules(statements: readonly string[]): WritingRules {
  const rules: Draft = {
    maxWords: undefined,
    short: false,
    voice: undefined,
    subject: undefined,
    include: [],
    avoid: [],
    avoidTerms: [],
    noExclamation: false,
    noEmoji: false,
    noLinks: false,
  };
  for (const statement of statements) {
    for (const clause of statement.split(CLAUSE_BREAK))
      readClause(stripEnd(clause).replace(FILLER, ''), rules);
  }
  return rules;
}

function readClause(clause: string, rules: Draft): void {
  if (clause === '') return;
  const limit = WORD_LIMIT.exec(clause)?.groups;
  if (limit?.['count'] !== undefined && !/\bsubject\b/i.test(clause)) {
    const words = Number(limit['count']) - (limit['strict'] === undefined ? 0 : 1);
    rules.maxWords = Math.min(rules.maxWords ?? words, words);
    return;
  }
  const subject = SUBJECT.exec(clause)?.groups?.['subject'];
  if (subject !== undefined) {
    rules.subject = subject.trim();
    return;
  }
  const avoid = AVOID.exec(clause)?.groups?.['what'];
  if (avoid !== undefined) {
    readAvoidance(avoid, rules);
    return;
  }
  const include = INCLUDE.exec(clause)?.groups?.['what'];
  if (include !== undefined) {
    demand(include.replace(INCLUDE_LEAD, '').trim(), rules);
    return;
  }
  readWish(clause, rules);
}

/** A clause that neither forbids nor demands a thing: a wish for length or voice, a link or a date to be told. */
function readWish(clause: string, rules: Draft): void {
  const isShort = SHORT.test(clause);
  rules.short ||= isShort;
  const voice = findVoice(clause);
  // "Keep it short" asks for length; that it also sounds plain must not replace the tone of the brief.
  if (voice !== undefined && !(isShort && voice === 'plain')) rules.voice = voice;
  if (URL_IN_TEXT.test(clause) || (DEADLINE.test(clause) && !isShort)) demand(clause, rules);
}

/** Whether a demand asks for a fact without giving it: `how to reach a person`. */
export function isUnanswered(item: string): boolean {
  return /^(?:how|where|when|why|what|who|whom|which|whether)\b/i.test(item);
}

/** What is demanded later is no longer forbidden. */
function demand(item: string, rules: Draft): void {
  rules.avoidTerms = rules.avoidTerms.filter((term) => !mentions(item, term));
  rules.include.push(item);
}

function readAvoidance(what: string, rules: Draft): void {
  // "Not too formal" is a wish for a voice, "no more than one link" a limit no word test can hold.
  if (/\btoo\b/i.test(what)) {
    rules.voice = findVoice(what) ?? rules.voice;
    rules.short ||= SHORT.test(what);
    return;
  }
  rules.avoid.push(what);
  if (/^(?:more|less|longer|shorter) than\b/i.test(what)) return;
  if (/\bexclamation\b/i.test(what)) rules.noExclamation = true;
  else if (/\bemojis?\b/i.test(what)) rules.noEmoji = true;
  else if (/\b(?:links?|urls?)\b/i.test(what)) rules.noLinks = true;
  else forbid(termsOf(what), rules);
}

/** What is forbidden later is no longer demanded. */
function forbid(terms: readonly string[], rules: Draft): void {
  rules.avoidTerms.push(...terms);
  rules.include = rules.include.filter((item) => !terms.some((term) => mentions(item, term)));
}

/** The words to look for: quoted ones, else the short phrases of the list. */
function termsOf(what: string): string[] {
  const quoted = [...what.matchAll(/["“‘']([^"”’']{2,})["”’']/g)].map((match) => match[1] ?? '');
  const phrases = quoted.length > 0 ? quoted : what.split(/,\s*|\s+(?:or|and|nor)\s+/i).map(stripLead);
  // A longer phrase describes a thought; its absence cannot be told by looking for its words.
  return phrases
    .map((phrase) => phrase.trim().toLowerCase())
    .filter((phrase) => phrase.length > 2 && phrase.split(' ').length <= 3);
}

const LEAD =
  /^(?:(?:mention(?:s|ing)?|us(?:e|ing)|includ(?:e|ing)|writ(?:e|ing)|refer(?:ring|ence)? to|talk(?:ing)? about|promis(?:e|ing)|offer(?:ing)?|a (?:sentence|line|word|mention|reference) (?:about|of|on|to)|something about|the (?:fact|words?|phrase|sentence|paragraph|part|line) (?:that|about|on|with|of)?|the words?|that|any|our|the|an?|of|about)\s+)+/i;

/** What introduces a demand without being part of it; an article stays. */
const INCLUDE_LEAD =
  /^(?:(?:a|the) (?:sentence|line|word|note|mention|reference|hint|paragraph|link|fact) (?:about|of|on|to|that)\s+|something about\s+|that\s+)+/i;

function stripLead(phrase: string): string {
  return phrase.replace(LEAD, '').trim();
}
