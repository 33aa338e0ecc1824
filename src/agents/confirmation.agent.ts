import { z } from 'zod';
import type { Agent } from './agent.js';
import { promptText, systemText } from './agent-prompt.js';
import {
  briefSchema,
  changeRequestsSchema,
  type Confirmation,
  confirmationSchema,
  emailSchema,
  requirementsSchema,
} from './campaign/campaign.schema.js';
import { reviewSample } from './campaign/sample-review.js';
import { sentence } from './campaign/wording.js';

const input = z.strictObject({
  brief: briefSchema,
  requirements: requirementsSchema,
  emailCount: z.number().int().min(0),
  sampleEmails: z.array(emailSchema).max(50),
  changeRequests: changeRequestsSchema,
});

type ConfirmationInput = z.infer<typeof input>;

/** Reviews a draft for the person who decides about it. */
export const confirmationAgent: Agent<ConfirmationInput, Confirmation> = {
  name: 'confirmation_agent',
  description:
    'Checks a sample of the drafted e-mails against the brief and tells the reviewer what to look at.',
  input,
  output: confirmationSchema,
  system: () =>
    systemText(
      'You are a meticulous reviewer. You prepare the decision of a person who approves or rejects a campaign.',
      [
        'Check the sample e-mails one by one against the brief, the requirements and the change requests.',
        'One check per point: constraints and word limits, offer present, personal greeting, no unfilled placeholder, length, difference between the e-mails.',
        'recommendation is "approve" only if every check passed. You advise; the person decides.',
        'In notes say what to look at and in which e-mail, by its number.',
      ],
    ),
  prompt: (data) => promptText('Review this draft for the person who decides about it.', data),
  simulate: reviewDraft,
  check: (_, { checks, recommendation }) =>
    recommendation === 'approve' && checks.some(({ passed }) => !passed)
      ? ['the recommendation is to approve although a check did not pass']
      : [],
};

function reviewDraft(draft: ConfirmationInput): Confirmation {
  const checks = reviewSample(draft);
  const failed = checks.filter(({ passed }) => !passed);
  const verdict =
    failed.length === 0
      ? `All ${checks.length} checks passed.`
      : `${failed.length} of ${checks.length} checks did not pass: ${failed.map(({ name }) => name.toLowerCase()).join(', ')}.`;
  const count = draft.emailCount === 1 ? '1 e-mail was' : `${draft.emailCount} e-mails were`;
  const objective = sentence(draft.requirements.objective).slice(0, 1_000);
  return {
    summary: `${count} drafted; ${draft.sampleEmails.length} of them were checked. Objective: ${objective} ${verdict}`,
    checks,
    recommendation: failed.length === 0 ? 'approve' : 'request_changes',
  };
}
