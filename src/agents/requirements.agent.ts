import { z } from 'zod';
import type { Agent } from './agent.js';
import { promptText, systemText } from './agent-prompt.js';
import { readBrief } from './campaign/brief-reading.js';
import { phrasesFor } from './campaign/campaign-phrases.js';
import {
  type Brief,
  briefSchema,
  type Requirements,
  requirementsSchema,
} from './campaign/campaign.schema.js';
import { forbiddenIn } from './campaign/email-faults.js';
import { usableFields } from './campaign/personal-lines.js';
import { sentence, sentencesOf, stripEnd } from './campaign/wording.js';
import { isUnanswered, readRules, type WritingRules } from './campaign/writing-rules.js';

const input = z.strictObject({
  brief: briefSchema,
  recipientCount: z.number().int().min(0),
  sampleAttributes: z.record(z.string(), z.string()).optional(),
});

type RequirementsInput = z.infer<typeof input>;

/** Turns a brief into explicit requirements. */
export const requirementsAgent: Agent<RequirementsInput, Requirements> = {
  name: 'requirements_agent',
  description:
    'Turns a campaign brief into explicit, checkable requirements and names what the brief leaves open.',
  input,
  output: requirementsSchema,
  system: () =>
    systemText(
      'You are a careful campaign analyst. You turn a brief into requirements that writers and reviewers can check.',
      [
        'Keep every constraint of the brief: each one appears in mustInclude or mustAvoid, in words that can be checked.',
        'An offer in the brief is a key message and has to be included word for word where it names figures or dates.',
        'personalisationFields are names of attributes in sampleAttributes that help a recipient, plus "givenName".',
        'Put what you would have to guess into openQuestions instead of guessing.',
      ],
    ),
  prompt: (data) => promptText('Derive the requirements of this e-mail campaign.', data),
  simulate: deriveRequirements,
};

function deriveRequirements({ brief, recipientCount, sampleAttributes }: RequirementsInput): Requirements {
  const rules = readRules(brief.constraints ?? []);
  const [objective = brief.goal] = sentencesOf(brief.goal);
  const offer = brief.offer === undefined ? [] : [stripEnd(brief.offer)];
  const fields = usableFields(sampleAttributes);
  return {
    objective: clip(sentence(objective)),
    audience: clip(stripEnd(brief.audience)),
    keyMessages: [...sentencesOf(brief.goal), ...offer, ...rules.include]
      .map(sentence)
      .slice(0, 20)
      .map(clip),
    mustInclude: [...offer, ...rules.include].slice(0, 20).map(clip),
    mustAvoid: [...rules.avoid, ...limitsOf(rules)].slice(0, 20).map(clip),
    personalisationFields: ['givenName', ...fields].slice(0, 20),
    successMetric: clip(successMetricOf(brief)),
    openQuestions: openQuestionsOf(brief, rules, recipientCount, fields.length),
  };
}

function limitsOf(rules: WritingRules): string[] {
  return rules.maxWords === undefined ? [] : [`more than ${rules.maxWords} words`];
}

/** A goal that names a number says itself how success is measured. */
function successMetricOf(brief: Brief): string {
  const measured = sentencesOf(brief.goal).find((text) => /\d/.test(text));
  return measured === undefined
    ? phrasesFor(readBrief(brief)).successMetric
    : `Reached: ${sentence(measured)}`;
}

function openQuestionsOf(
  brief: Brief,
  rules: WritingRules,
  recipientCount: number,
  usable: number,
): string[] {
  const conflicts = brief.offer === undefined ? [] : forbiddenIn(brief.offer, rules);
  return [
    brief.offer === undefined && 'The brief names no offer: may the e-mails promise anything?',
    brief.tone === undefined && 'The brief names no tone: is a friendly, personal one right?',
    conflicts.length > 0 &&
      `The offer and the constraints contradict each other (${conflicts.join(', ')}): which one holds?`,
    !/\d/.test(brief.goal) && 'The goal names no figure: from which result on is the campaign a success?',
    ...rules.include
      .filter(isUnanswered)
      .map((item) => `The e-mails are to say ${item}, but the brief does not tell: what exactly?`),
    recipientCount > 1 &&
      usable === 0 &&
      'The recipients carry no attribute the text can use: is the name enough personalisation?',
  ]
    .filter((question) => question !== false)
    .slice(0, 20)
    .map(clip);
}

function clip(text: string): string {
  return text.length <= 2_000 ? text : `${text.slice(0, 1_999)}…`;
}
