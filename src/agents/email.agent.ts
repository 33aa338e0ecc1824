import { z } from 'zod';
import type { Agent, DraftFault } from './agent.js';
import { promptText, systemText } from './agent-prompt.js';
import {
  briefSchema,
  changeRequestsSchema,
  type Email,
  emailSchema,
  recipientSchema,
  requirementsSchema,
  senderSchema,
  strategySchema,
} from './campaign/campaign.schema.js';
import { forbiddenIn, hasPlaceholder, isWithinLimit } from './campaign/email-faults.js';
import { writeEmail } from './campaign/email-writer.js';
import { readRules } from './campaign/writing-rules.js';

const input = z.strictObject({
  brief: briefSchema,
  requirements: requirementsSchema,
  strategy: strategySchema,
  sender: senderSchema,
  recipient: recipientSchema,
  changeRequests: changeRequestsSchema,
});

export type EmailInput = z.infer<typeof input>;

/** Writes the e-mail of one recipient. */
export const emailAgent: Agent<EmailInput, Email> = {
  name: 'email_generator',
  description:
    'Writes one personal e-mail for one recipient, following requirements, strategy and change requests.',
  input,
  output: emailSchema,
  system: () =>
    systemText(
      'You are a skilled writer of personal business e-mails. You write one e-mail to one recipient.',
      [
        'Follow the strategy; honour every entry of mustInclude and mustAvoid and every constraint of the brief, word limits included.',
        'Honour every change request; where two contradict each other, the later one wins.',
        'Greet the recipient by name and end with a sign-off followed by the sender’s name on a line of its own. Use both names exactly as given.',
        'Use one or two attributes of the recipient where they help; never list them, and never mention that you have data.',
        'Plain text only: no Markdown, no HTML, no placeholders. Paragraphs are separated by an empty line.',
        'The subject is one line of at most 150 characters and says what the e-mail is about.',
      ],
    ),
  prompt: (data) => promptText('Write the e-mail to this recipient.', data),
  simulate: writeEmail,
  check: faultsOf,
  draftReviewer,
};

/**
 * By the constraints of the brief. What reviewers have asked for may lift one of them, never add one: a wish that cannot
 * be met is for them to see, not for the run to end on.
 */
function draftReviewer(shared: unknown): (draft: unknown) => DraftFault[] {
  const { brief, changeRequests } = (shared ?? {}) as {
    brief?: { constraints?: unknown };
    changeRequests?: unknown;
  };
  const constraints = textsOf(brief?.constraints);
  const asked = readRules(constraints);
  const lifted = readRules([...constraints, ...textsOf(changeRequests)]);
  const rules = { ...asked, avoidTerms: asked.avoidTerms.filter((term) => lifted.avoidTerms.includes(term)) };
  return (draft) => {
    const email = draftSchema.safeParse(draft).data;
    if (!email) return [];
    const faults: DraftFault[] = hasPlaceholder(email) ? ['placeholder'] : [];
    const keeps =
      isWithinLimit(email, rules) && forbiddenIn(`${email.subject}\n${email.body}`, rules).length === 0;
    return keeps ? faults : [...faults, 'constraint'];
  };
}

const draftSchema = z.object({ subject: z.string(), body: z.string() });

function textsOf(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((each) => typeof each === 'string') : [];
}

function faultsOf({ brief, sender, recipient, changeRequests }: EmailInput, email: Email): string[] {
  const rules = readRules([...(brief.constraints ?? []), ...(changeRequests ?? [])]);
  const lines = email.body.trim().split('\n');
  const greeting = lines.find((line) => line.trim() !== '') ?? '';
  const names = [recipient.name, recipient.givenName].filter((name) => name.trim() !== '');
  const forbidden = forbiddenIn(`${email.subject}\n${email.body}`, rules);
  return [
    !names.some((name) => greeting.includes(name)) && 'the first line does not greet the recipient by name',
    !lines.slice(-3).some((line) => line.includes(sender.name)) &&
      'the e-mail does not end with the sender’s name',
    hasPlaceholder(email) && 'a placeholder was left unfilled',
    !isWithinLimit(email, rules) && `the body has more than ${rules.maxWords} words`,
    forbidden.length > 0 && `the e-mail contains what it must avoid: ${forbidden.join(', ')}`,
  ].filter((fault) => fault !== false);
}
