import { referencesIn } from '../protected-references.js';
import type { Brief, Confirmation, Email } from './campaign.schema.js';
import { covers, forbiddenIn, hasPlaceholder, isWithinLimit } from './email-faults.js';
import { wordCount } from './wording.js';
import { readRules, type WritingRules } from './writing-rules.js';

type Check = Confirmation['checks'][number];

/** A draft as its reviewer sees it. */
interface DraftSample {
  readonly brief: Brief;
  readonly sampleEmails: readonly Email[];
  readonly changeRequests?: readonly string[];
}

/** A text shorter or longer than this is worth a second look, whatever the brief says. */
const USUAL_WORDS = { least: 15, most: 400 } as const;

/** Checks a sample of e-mails against the brief and the change requests, one check per point. */
export function reviewSample(draft: DraftSample): Check[] {
  const rules = readRules([...(draft.brief.constraints ?? []), ...(draft.changeRequests ?? [])]);
  const { sampleEmails: emails } = draft;
  return [
    {
      name: 'Sample',
      passed: emails.length > 0,
      note: emails.length > 0 ? '' : 'There is no e-mail to check',
    },
    each('Personal greeting', emails, isPersonal, 'the first line names nobody'),
    each('Placeholders filled', emails, (email) => !hasPlaceholder(email), 'a placeholder is left'),
    each(
      'Usual length',
      emails,
      hasUsualLength,
      `not between ${USUAL_WORDS.least} and ${USUAL_WORDS.most} words`,
    ),
    ...offerCheck(draft.brief, emails),
    ...limitCheck(rules, emails),
    ...avoidanceCheck(rules, emails),
    ...rules.include.map((item) =>
      each(`Mentions: ${item}`, emails, (email) => covers(textOf(email), item), 'it is missing'),
    ),
    ...differenceCheck(emails),
  ].slice(0, 30);
}

function each(
  name: string,
  emails: readonly Email[],
  holds: (email: Email) => boolean,
  fault: string,
): Check {
  const failing = emails.flatMap((email, index) => (holds(email) ? [] : [index + 1]));
  const note = failing.length === 0 ? '' : `In e-mail ${failing.join(', ')} of the sample: ${fault}`;
  return { name: name.slice(0, 200), passed: failing.length === 0, note };
}

function offerCheck({ offer }: Brief, emails: readonly Email[]): Check[] {
  if (offer === undefined) return [];
  return [each('Offer present', emails, ({ body }) => covers(body, offer), 'the offer is missing')];
}

function limitCheck(rules: WritingRules, emails: readonly Email[]): Check[] {
  if (rules.maxWords === undefined) return [];
  const fault = `longer than ${rules.maxWords} words`;
  return [each('Word limit', emails, (email) => isWithinLimit(email, rules), fault)];
}

function avoidanceCheck(rules: WritingRules, emails: readonly Email[]): Check[] {
  if (rules.avoid.length === 0) return [];
  return [
    each(
      'Avoids what it must',
      emails,
      (email) => forbiddenIn(textOf(email), rules).length === 0,
      rules.avoid.join('; '),
    ),
  ];
}

function differenceCheck(emails: readonly Email[]): Check[] {
  if (emails.length < 2) return [];
  const distinct = new Set(emails.map(({ body }) => body)).size;
  const passed = distinct === emails.length;
  return [
    {
      name: 'E-mails differ',
      passed,
      note: passed ? '' : `${distinct} different texts in ${emails.length} e-mails`,
    },
  ];
}

/** Names are protected references, so a greeting without one addresses nobody. */
function isPersonal(email: Email): boolean {
  return referencesIn(email.body.trim().split('\n', 1)[0]).size > 0;
}

function hasUsualLength(email: Email): boolean {
  const words = wordCount(email.body);
  return words >= USUAL_WORDS.least && words <= USUAL_WORDS.most;
}

function textOf(email: Email): string {
  return `${email.subject}\n${email.body}`;
}
