import { z } from 'zod';
import type { Agent } from './agent.js';
import { promptText, systemText } from './agent-prompt.js';
import { readBrief } from './campaign/brief-reading.js';
import { phrasesFor } from './campaign/campaign-phrases.js';
import {
  briefSchema,
  changeRequestsSchema,
  requirementsSchema,
  type Strategy,
  strategySchema,
} from './campaign/campaign.schema.js';
import { findVoice, VOICE_DESCRIPTIONS } from './campaign/voice.js';
import { listOf } from './campaign/wording.js';
import { readRules } from './campaign/writing-rules.js';

const input = z.strictObject({
  brief: briefSchema,
  requirements: requirementsSchema,
  changeRequests: changeRequestsSchema,
});

type StrategyInput = z.infer<typeof input>;

/** Decides how the requirements are to be met. */
export const strategyAgent: Agent<StrategyInput, Strategy> = {
  name: 'strategy_generator',
  description: 'Chooses angle, tone, structure and call to action of a campaign from its requirements.',
  input,
  output: strategySchema,
  system: () =>
    systemText(
      'You are an experienced e-mail strategist. You decide how a campaign meets its requirements.',
      [
        'Honour every entry of mustInclude and mustAvoid, and every change request; the latest change request wins.',
        'callToAction is one imperative sentence addressed to the recipient, starting with a verb.',
        'Name honest risks: contradictions, missing facts, claims that could not be kept.',
      ],
    ),
  prompt: (data) => promptText('Devise the strategy of this e-mail campaign.', data),
  simulate: deviseStrategy,
};

function deviseStrategy({ brief, requirements, changeRequests }: StrategyInput): Strategy {
  const rules = readRules([...(brief.constraints ?? []), ...(changeRequests ?? [])]);
  const phrases = phrasesFor(readBrief(brief));
  const voice = rules.voice ?? findVoice(brief.tone) ?? 'friendly';
  const fields = requirements.personalisationFields.filter((field) => field !== 'givenName');
  return {
    angle: phrases.angle,
    tone: VOICE_DESCRIPTIONS[voice],
    subjectLineApproach:
      rules.subject === undefined
        ? 'Says what the e-mail is about, with the given name or the offer in some of them; no shouting, no false urgency'
        : 'The subject line asked for, the same for everyone',
    structure: [
      'Greeting by name',
      'Why we write',
      ...(fields.length > 0 ? ['A line about the recipient'] : []),
      ...(brief.offer === undefined ? [] : ['The offer, word for word']),
      ...(rules.include.length > 0 ? ['What has to be mentioned'] : []),
      'One call to action',
      'Sign-off with the sender’s name',
    ],
    callToAction: phrases.callToAction,
    personalisation: [
      'Every greeting uses the recipient’s name',
      ...(fields.length > 0
        ? [`One or two sentences pick up ${listOf(fields.slice(0, 8))}, where the recipient has it`]
        : []),
    ],
    risks: [
      ...requirements.openQuestions.map((question) => `Open: ${question}`).slice(0, 18),
      ...(rules.maxWords !== undefined && rules.maxWords < 60
        ? [`A limit of ${rules.maxWords} words leaves little room beside greeting and offer`]
        : []),
    ].map((risk) => risk.slice(0, 2_000)),
  };
}
