import { z } from 'zod';

const text = z.string().min(1).max(2_000);
const texts = z.array(text).max(20);

/** What a campaign is to achieve, in the requester's words. */
export const briefSchema = z.strictObject({
  goal: z.string().min(1),
  audience: z.string().min(1),
  tone: z.string().optional(),
  offer: z.string().optional(),
  constraints: z.array(z.string()).optional(),
});

/** Who the e-mails come from; name and address are protected references. */
export const senderSchema = z.strictObject({ name: z.string().min(1), email: z.string().min(1) });

/** Who one e-mail goes to; names, address and personal attributes are protected references. */
export const recipientSchema = z.strictObject({
  name: z.string().min(1),
  givenName: z.string().default(''),
  email: z.string().min(1),
  attributes: z.record(z.string(), z.string()).optional(),
});

/** What the reviewer asked to be changed, oldest first. */
export const changeRequestsSchema = z.array(z.string()).optional();

/** What the brief demands, made explicit. */
export const requirementsSchema = z.strictObject({
  objective: text.describe('What the campaign is to achieve, one sentence'),
  audience: text,
  keyMessages: texts.describe('What every recipient should learn, most important first'),
  mustInclude: texts.describe('What every e-mail has to contain'),
  mustAvoid: texts.describe('What no e-mail may contain or do'),
  personalisationFields: texts.describe('Recipient fields worth using'),
  successMetric: text,
  openQuestions: texts.describe('What the brief leaves open'),
});

/** How the requirements are to be met. */
export const strategySchema = z.strictObject({
  angle: text.describe('The thought that carries the e-mails'),
  tone: text,
  subjectLineApproach: text,
  structure: texts.describe('Parts of an e-mail in order'),
  callToAction: text.describe('One imperative sentence addressed to the recipient'),
  personalisation: texts.describe('How recipient fields are used'),
  risks: texts,
});

/** One finished e-mail. */
export const emailSchema = z.strictObject({
  subject: z
    .string()
    .min(1)
    .max(150)
    .regex(/^[^\r\n]*$/, 'must be a single line'),
  body: z.string().min(1).max(20_000).describe('Plain text, paragraphs separated by empty lines'),
});

/** What a human reviewer should know before deciding. */
export const confirmationSchema = z.strictObject({
  summary: text,
  checks: z.array(z.strictObject({ name: text, passed: z.boolean(), note: z.string().max(2_000) })).max(30),
  recommendation: z.enum(['approve', 'request_changes']),
});

export type Brief = z.infer<typeof briefSchema>;
export type Sender = z.infer<typeof senderSchema>;
export type Recipient = z.infer<typeof recipientSchema>;
export type Requirements = z.infer<typeof requirementsSchema>;
export type Strategy = z.infer<typeof strategySchema>;
export type Email = z.infer<typeof emailSchema>;
export type Confirmation = z.infer<typeof confirmationSchema>;
