import { describe, expect, it } from 'vitest';
import { emailInput, recipients } from '../../test/harness/agent-input.fixture.js';
import type { Brief, Email } from './campaign/campaign.schema.js';
import { wordCount } from './campaign/wording.js';
import { emailAgent } from './email.agent.js';
import { hasForeignReference } from './protected-references.js';

const brief: Brief = {
  goal: 'Win back customers who have not ordered in six months',
  audience: 'Lapsed customers',
  tone: 'friendly',
  offer: '20 % off the next order until 30 June',
};
const ATTRIBUTES = {
  plan: 'Business',
  industry: 'logistics',
  lastPurchase: 'Trail Runner 2',
  city: '⟦LOCATION_1⟧',
};

const faultsOf = (input: Parameters<typeof emailAgent.simulate>[0], email: Email): string[] =>
  emailAgent.check?.(input, email) ?? [];

describe('email_generator without a model', () => {
  it('writes the same e-mail for the same task', () => {
    const input = emailInput(brief);
    expect(emailAgent.simulate(input)).toEqual(emailAgent.simulate(input));
  });

  it('writes different e-mails to recipients who have the same attributes', () => {
    const emails = recipients(25, ATTRIBUTES).map((recipient) =>
      emailAgent.simulate(emailInput(brief, { recipient })),
    );
    const texts = emails.map(({ body }) => body.replaceAll(/⟦[^⟧]*⟧/g, 'X'));
    const subjects = emails.map(({ subject }) => subject.replaceAll(/⟦[^⟧]*⟧/g, 'X'));
    expect(new Set(texts).size).toBeGreaterThanOrEqual(24);
    expect(new Set(subjects).size).toBeGreaterThanOrEqual(5);
  });

  it('greets by name, carries the offer word for word and ends with the sender', () => {
    const { body } = emailAgent.simulate(emailInput(brief));
    expect(body.split('\n')[0]).toContain('⟦GIVEN_NAME_1⟧');
    expect(body).toContain('20 % off the next order until 30 June');
    expect(body.endsWith('\n⟦PERSON_900⟧')).toBe(true);
  });

  it('picks up attributes of the recipient', () => {
    const bodies = recipients(10, { plan: 'Business' }).map(
      (recipient) => emailAgent.simulate(emailInput(brief, { recipient })).body,
    );
    for (const body of bodies) expect(body).toContain('Business plan');
  });

  it('leaves no trace of what is missing', () => {
    const input = emailInput(
      { goal: 'Increase revenue', audience: 'all' },
      { recipient: { name: '⟦PERSON_1⟧', givenName: '', email: '⟦EMAIL_1⟧' } },
    );
    const { subject, body } = emailAgent.simulate(input);
    expect(`${subject}\n${body}`).not.toMatch(/undefined|null|\{|\}|\s[.,]|\.\.| {2}/);
    expect(body.split('\n')[0]).toContain('⟦PERSON_1⟧');
  });

  it('uses the full name and no exclamation mark where the tone is formal', () => {
    const { body } = emailAgent.simulate(emailInput({ ...brief, tone: 'formal' }));
    expect(body).toMatch(/^Dear ⟦PERSON_1⟧,/);
    expect(body).not.toContain('!');
  });

  it('keeps a word limit by leaving out what matters least', () => {
    const input = emailInput(
      { ...brief, constraints: ['max 60 words'] },
      { recipient: recipients(1, ATTRIBUTES)[0] },
    );
    const { body } = emailAgent.simulate(input);
    expect(wordCount(body)).toBeLessThanOrEqual(60);
    expect(body).toContain('20 % off');
    expect(body).toContain('⟦PERSON_900⟧');
  });

  it('is shorter when the reviewer asks for it', () => {
    for (const recipient of recipients(10, ATTRIBUTES)) {
      const before = emailAgent.simulate(emailInput(brief, { recipient }));
      const after = emailAgent.simulate(
        emailInput(brief, { recipient, changeRequests: ['Shorter, please'] }),
      );
      expect(wordCount(after.body)).toBeLessThan(wordCount(before.body));
    }
  });

  it('says what the reviewer misses and drops what the reviewer does not want', () => {
    const constraints = ['mention the free returns'];
    const changeRequests = ['Mention the new store in May and remove the free returns', 'more formal'];
    const { body } = emailAgent.simulate(emailInput({ ...brief, constraints }, { changeRequests }));
    expect(body).toContain('the new store in May');
    expect(body).not.toContain('free returns');
    expect(body).toMatch(/^Dear ⟦PERSON_1⟧,/);
  });

  it('tells how to reach a person, and nothing the brief does not tell', () => {
    const constraints = ['say how to reach a person', 'say how the price is calculated'];
    const { body } = emailAgent.simulate(emailInput({ ...brief, constraints }));
    expect(body).toContain('your message reaches ⟦PERSON_900⟧');
    expect(body).not.toMatch(/calculated|how to/);
  });

  it('lets an offer that is a sentence stand as one', () => {
    const offer = "Whoever renews before 1 October keeps today's price.";
    for (const recipient of recipients(8)) {
      const { body } = emailAgent.simulate(emailInput({ ...brief, offer }, { recipient }));
      expect(body).toContain("hoever renews before 1 October keeps today's price.");
      expect(body).not.toMatch(/(?:you get|means|aside for you): Whoever/);
    }
  });

  it('takes a dictated subject, on one line and never cut inside a reference', () => {
    const dictated = emailAgent.simulate(emailInput(brief, { changeRequests: ['Subject: Welcome back'] }));
    expect(dictated.subject).toBe('Welcome back');
    const long = emailAgent.simulate(
      emailInput(brief, { changeRequests: [`Subject: ${'Welcome back '.repeat(11)}⟦PERSON_1⟧ and more`] }),
    );
    expect(emailAgent.output.safeParse(long).success).toBe(true);
    expect(hasForeignReference(emailInput(brief), long)).toBe(false);
  });

  it('does not let a model’s strategy put its notes to colleagues into the e-mail', () => {
    const input = emailInput(brief);
    const strategy = {
      ...input.strategy,
      callToAction: 'Recipients should click the big button in the e-mail',
    };
    expect(emailAgent.simulate({ ...input, strategy }).body).not.toContain('button');
    const addressed = {
      ...input.strategy,
      callToAction: 'Book your appointment by replying to this e-mail.',
    };
    expect(emailAgent.simulate({ ...input, strategy: addressed }).body).toMatch(/book your appointment/i);
  });

  describe.each([
    'Win back customers who have not ordered in six months',
    'Announce our new dashboard to existing customers. It shows delivery times in real time.',
    'Invite members to our spring webinar on 14 May',
    'Get trial users to upgrade to the Pro plan',
    'Renew annual contracts',
    'Ask for feedback on the new checkout',
    'Thank our donors for their support',
    'Remind customers of the price change',
    'Promote winter tyres',
    'Move customers to annual billing',
    'Increase revenue',
  ])('for the goal "%s"', (goal) => {
    it('passes every check, whatever tone, offer and constraints', () => {
      for (const tone of [undefined, 'formal', 'friendly', 'enthusiastic', 'plain']) {
        for (const offer of [undefined, '20 % off until 30 June', 'Two months free!']) {
          for (const constraints of [
            [],
            ['no exclamation marks', 'max 70 words'],
            ['do not use "dear" or "cheers"'],
          ]) {
            for (const recipient of recipients(4, ATTRIBUTES)) {
              const input = emailInput(
                { goal, audience: 'customers', tone, offer, constraints },
                { recipient },
              );
              const email = emailAgent.simulate(input);
              expect(emailAgent.output.safeParse(email).success).toBe(true);
              expect(faultsOf(input, email)).toEqual([]);
              expect(hasForeignReference(input, email)).toBe(false);
            }
          }
        }
      }
    });
  });
});

describe('email_generator checks of a model’s answer', () => {
  const input = emailInput({
    ...brief,
    constraints: ['max 50 words', 'no discounts', 'no exclamation marks'],
  });
  const good = 'Hello ⟦GIVEN_NAME_1⟧,\n\nCome back and save 20 %.\n\nRegards,\n⟦PERSON_900⟧';

  it('finds nothing wrong with a good one', () => {
    expect(faultsOf(input, { subject: 'Come back', body: good })).toEqual([]);
  });

  it.each([
    ['no greeting by name', good.replace('⟦GIVEN_NAME_1⟧', 'there'), 'greet'],
    ['no sender at the end', good.replace('⟦PERSON_900⟧', 'The team'), 'sender'],
    ['a placeholder', good.replace('20 %', '[insert offer]'), 'placeholder'],
    ['too many words', good.replace('20 %', 'a lot '.repeat(40)), '50 words'],
    ['a forbidden word', good.replace('20 %', 'with our discount'), 'discounts'],
    ['a forbidden mark', good.replace('20 %.', '20 %!'), 'exclamation'],
  ])('finds %s', (_, body, fault) => {
    expect(faultsOf(input, { subject: 'Come back', body })).toEqual([
      expect.stringContaining(fault) as string,
    ]);
  });

  it('repeats nothing of the answer in a fault', () => {
    const faults = faultsOf(input, { subject: 'Secret subject', body: 'Secret body' });
    expect(faults.length).toBeGreaterThan(0);
    expect(faults.join(' ')).not.toMatch(/secret/i);
  });

  it('refuses a subject of two lines', () => {
    expect(emailAgent.output.safeParse({ subject: 'a\nBcc: b@example.com', body: good }).success).toBe(false);
  });
});
