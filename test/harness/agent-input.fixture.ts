import { requirementsAgent } from '../../src/agents/requirements.agent.js';
import { strategyAgent } from '../../src/agents/strategy.agent.js';
import type { EmailInput } from '../../src/agents/email.agent.js';
import type { Brief, Recipient } from '../../src/agents/campaign/campaign.schema.js';

/** Recipients as agents see them: references instead of personal data, other attributes in clear. */
export function recipients(count: number, attributes: Readonly<Record<string, string>> = {}): Recipient[] {
  return Array.from({ length: count }, (_, index) => ({
    name: `⟦PERSON_${index + 1}⟧`,
    givenName: `⟦GIVEN_NAME_${index + 1}⟧`,
    email: `⟦EMAIL_${index + 1}⟧`,
    attributes: { ...attributes },
  }));
}

/** A complete input of the e-mail agent for a brief, with simulated requirements and strategy. */
export function emailInput(brief: Brief, overrides: Partial<EmailInput> = {}): EmailInput {
  const requirements = requirementsAgent.simulate({ brief, recipientCount: 1 });
  const [recipient] = recipients(1);
  if (!recipient) throw new Error('no recipient');
  return {
    brief,
    requirements,
    strategy: strategyAgent.simulate({ brief, requirements }),
    sender: { name: '⟦PERSON_900⟧', email: '⟦EMAIL_900⟧' },
    recipient,
    ...overrides,
  };
}
