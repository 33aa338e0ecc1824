import { withoutReferences } from '../protected-references.js';
import type { Email } from './campaign.schema.js';
import { mentions, URL_IN_TEXT, wordCount } from './wording.js';
import type { WritingRules } from './writing-rules.js';

/** Below this no e-mail has room for a greeting, an offer, a next step and a sign-off: such a limit is not enforced. */
const LEAST_WORDS = 45;

const PLACEHOLDER =
  /\{\{|\}\}|\[(?:your |first |last |full |given )?(?:name|company|date|offer|product|link|sender|recipient|insert)[^\]]*\]|<(?:name|company|first|last|insert)[^>]*>|lorem ipsum|\bTODO\b|\bTBD\b|\bundefined\b|\[object Object\]/i;

/** Whether a text still has a place to be filled in. */
export function hasPlaceholder(email: Email): boolean {
  return PLACEHOLDER.test(`${email.subject}\n${email.body}`);
}

/** Whether the body keeps the word limit. */
export function isWithinLimit(email: Email, rules: WritingRules): boolean {
  return rules.maxWords === undefined || wordCount(email.body) <= Math.max(rules.maxWords, LEAST_WORDS);
}

/** What of the forbidden things a text contains, in the words of the rules. */
export function forbiddenIn(text: string, rules: WritingRules): string[] {
  const own = withoutReferences(text);
  const found = rules.avoidTerms.filter((term) => mentions(own, term));
  if (rules.noExclamation && own.includes('!')) found.push('exclamation marks');
  if (rules.noEmoji && /\p{Extended_Pictographic}/u.test(own)) found.push('emojis');
  if (rules.noLinks && (URL_IN_TEXT.test(own) || /\bwww\./i.test(own))) found.push('links');
  return found;
}

/** Whether a text speaks of a phrase: its telling words occur, a model's own wording notwithstanding. */
export function covers(text: string, phrase: string): boolean {
  const own = text.toLowerCase();
  const words = phrase.toLowerCase().match(/[\p{L}\d]{4,}|\d+/gu) ?? [];
  if (words.length === 0) return own.includes(phrase.toLowerCase());
  return words.filter((word) => own.includes(word)).length * 2 >= words.length;
}
