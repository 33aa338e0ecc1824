import { describe, expect, it } from 'vitest';
import { emailInput, recipients } from '../../test/harness/agent-input.fixture.js';
import type { Brief, Email } from './campaign/campaign.schema.js';
import { confirmationAgent } from './confirmation.agent.js';
import { emailAgent } from './email.agent.js';
import { requirementsAgent } from './requirements.agent.js';

const brief: Brief = {
  goal: 'Invite members to our spring webinar',
  audience: 'Members',
  offer: 'Free participation until 30 June',
  constraints: ['max 120 words', 'no discounts', 'mention the recording', 'include an unsubscribe option'],
};
const drafted = recipients(5, { plan: 'Business' }).map((recipient) =>
  emailAgent.simulate(emailInput(brief, { recipient })),
);

function review(
  sampleEmails: Email[],
  changeRequests?: string[],
): ReturnType<typeof confirmationAgent.simulate> {
  const requirements = requirementsAgent.simulate({ brief, recipientCount: 25 });
  return confirmationAgent.simulate({ brief, requirements, emailCount: 25, sampleEmails, changeRequests });
}

function failedChecks(sampleEmails: Email[], changeRequests?: string[]): string[] {
  return review(sampleEmails, changeRequests)
    .checks.filter(({ passed }) => !passed)
    .map(({ name }) => name);
}

const spoil = (change: (email: Email) => Email): Email[] =>
  drafted.map((email, index) => (index === 2 ? change(email) : email));

describe('confirmation_agent without a model', () => {
  it('recommends a draft that keeps the brief', () => {
    const confirmation = review(drafted);
    expect(confirmationAgent.output.parse(confirmation)).toEqual(confirmation);
    expect(failedChecks(drafted)).toEqual([]);
    expect(confirmation.recommendation).toBe('approve');
    expect(confirmation.summary).toContain('25 e-mails were drafted; 5 of them were checked');
  });

  it.each([
    [
      'Personal greeting',
      (email: Email) => ({ ...email, body: email.body.replace(/^.*$/m, 'Hello there,') }),
    ],
    ['Placeholders filled', (email: Email) => ({ ...email, subject: 'Hello {{name}}' })],
    [
      'Offer present',
      (email: Email) => ({
        ...email,
        body: email.body.replace(/[^\n]*participation[^\n]*/i, 'The recording.'),
      }),
    ],
    ['Word limit', (email: Email) => ({ ...email, body: `${email.body} ${'and so on '.repeat(40)}` })],
    ['Avoids what it must', (email: Email) => ({ ...email, body: `${email.body}\nBig discounts` })],
    [
      'Mentions: the recording',
      (email: Email) => ({ ...email, body: email.body.replaceAll('recording', 'thing') }),
    ],
    [
      'Usual length',
      () => ({
        subject: 'Hi',
        body: 'Hi ⟦PERSON_1⟧: free participation until 30 June, the recording, unsubscribe',
      }),
    ],
  ])('finds what fails "%s" and says in which e-mail', (name, change) => {
    const sample = spoil(change);
    expect(failedChecks(sample)).toEqual([name]);
    const confirmation = review(sample);
    expect(confirmation.recommendation).toBe('request_changes');
    expect(confirmation.checks.find((check) => check.name === name)?.note).toContain(
      'In e-mail 3 of the sample',
    );
  });

  it('finds e-mails that are all the same', () => {
    const [first] = drafted;
    expect(failedChecks(first ? [first, first] : [])).toEqual(['E-mails differ']);
  });

  it('holds the draft to the change requests', () => {
    expect(failedChecks(drafted, ['mention the new venue'])).toEqual(['Mentions: the new venue']);
  });

  it('does not recommend what it could not see', () => {
    expect(review([]).recommendation).toBe('request_changes');
  });
});

describe('confirmation_agent checks of a model’s answer', () => {
  const answer = { summary: 'Fine.', checks: [{ name: 'Offer', passed: false, note: '' }] };
  const input = {
    brief,
    requirements: requirementsAgent.simulate({ brief, recipientCount: 1 }),
    emailCount: 1,
    sampleEmails: [],
  };

  it('refuses a recommendation that its own checks contradict', () => {
    expect(confirmationAgent.check?.(input, { ...answer, recommendation: 'approve' })).toHaveLength(1);
    expect(confirmationAgent.check?.(input, { ...answer, recommendation: 'request_changes' })).toEqual([]);
  });
});
