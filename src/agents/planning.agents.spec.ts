import { describe, expect, it } from 'vitest';
import type { Brief } from './campaign/campaign.schema.js';
import { requirementsAgent } from './requirements.agent.js';
import { strategyAgent } from './strategy.agent.js';

const brief: Brief = {
  goal: 'Announce our new dashboard. It shows delivery times in real time.',
  audience: 'Existing customers',
  tone: 'professional',
  offer: 'Free until 30 June',
  constraints: ['Do not mention competitors', 'max 100 words', 'mention the hotline'],
};

describe('requirements_agent without a model', () => {
  const requirements = requirementsAgent.simulate({
    brief,
    recipientCount: 25,
    sampleAttributes: { plan: 'Business', phone: '⟦PHONE_1⟧' },
  });

  it('answers in its own form', () => {
    expect(requirementsAgent.output.parse(requirements)).toEqual(requirements);
  });

  it('makes every constraint checkable', () => {
    expect(requirements.mustInclude).toEqual(['Free until 30 June', 'the hotline']);
    expect(requirements.mustAvoid).toEqual(['mention competitors', 'more than 100 words']);
  });

  it('takes key messages from the sentences of the brief', () => {
    expect(requirements.objective).toBe('Announce our new dashboard.');
    expect(requirements.keyMessages).toContain('It shows delivery times in real time.');
    expect(requirements.keyMessages).toContain('Free until 30 June.');
  });

  it('names fields that a text can use', () => {
    expect(requirements.personalisationFields).toEqual(['givenName', 'plan']);
  });

  it('asks about what the brief leaves open', () => {
    const { openQuestions } = requirementsAgent.simulate({
      brief: { goal: 'Increase revenue', audience: 'all' },
      recipientCount: 2,
    });
    expect(openQuestions).toHaveLength(4);
  });

  it('asks when offer and constraints contradict each other', () => {
    const { openQuestions } = requirementsAgent.simulate({
      brief: { ...brief, offer: 'A discount of 10 %', constraints: ['no discounts'] },
      recipientCount: 1,
    });
    expect(openQuestions).toContainEqual(expect.stringContaining('contradict'));
  });

  it('takes the measure of success from a goal that names one', () => {
    const { successMetric } = requirementsAgent.simulate({
      brief: { ...brief, goal: 'Get 50 users to upgrade to Pro' },
      recipientCount: 1,
    });
    expect(successMetric).toBe('Reached: Get 50 users to upgrade to Pro.');
  });

  it('stays within its form for a brief of any length', () => {
    const long = 'Tell a very long story about our product. '.repeat(400);
    const answer = requirementsAgent.simulate({
      brief: {
        goal: long,
        audience: long,
        offer: long,
        constraints: Array.from({ length: 60 }, (_, i) => `mention item ${i}`),
      },
      recipientCount: 1,
    });
    expect(requirementsAgent.output.safeParse(answer).success).toBe(true);
  });
});

describe('strategy_generator without a model', () => {
  const requirements = requirementsAgent.simulate({
    brief,
    recipientCount: 25,
    sampleAttributes: { plan: 'Business' },
  });

  it('answers in its own form', () => {
    const strategy = strategyAgent.simulate({ brief, requirements });
    expect(strategyAgent.output.parse(strategy)).toEqual(strategy);
  });

  it('honours the tone of the brief, and a change request over it', () => {
    expect(strategyAgent.simulate({ brief, requirements }).tone).toMatch(/^Formal/);
    expect(strategyAgent.simulate({ brief, requirements, changeRequests: ['much warmer'] }).tone).toMatch(
      /^Friendly/,
    );
  });

  it('plans a line about the recipient only where there is something to say', () => {
    const bare = requirementsAgent.simulate({ brief, recipientCount: 25 });
    const part = 'A line about the recipient';
    expect(strategyAgent.simulate({ brief, requirements }).structure).toContain(part);
    expect(strategyAgent.simulate({ brief, requirements: bare }).structure).not.toContain(part);
  });

  it('names what is open as a risk', () => {
    const risks = strategyAgent.simulate({
      brief,
      requirements: { ...requirements, openQuestions: ['Who pays?'] },
    }).risks;
    expect(risks).toContain('Open: Who pays?');
  });
});
