import { z } from 'zod';
import { CLASSIFICATIONS } from '../../compliance/state/classification.js';
import { PHASES } from '../../compliance/state/phases.js';
import { definitionFaults } from './definition-checks.js';
import { step } from './step.schema.js';
import { reference, template } from './template.schema.js';
import { approvalSchema } from './approval.schema.js';

const name = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,62}$/)
  .meta({ description: 'Lower-case letters, digits and hyphens.' });

const artifact = z.strictObject({
  kind: z.string().min(1).max(64),
  name: z.string().min(1).max(64),
  content: template,
  mustContain: z.array(z.string().min(1).max(500)).min(1).max(20).optional().meta({
    description:
      'Texts that each message must contain, such as how to unsubscribe; case and line breaks do not count.',
  }),
});

const phase = z.strictObject({
  agents: z.array(step).max(16).default([]).meta({ description: 'Agents and waits.' }),
  mode: z
    .enum(['sequence', 'parallel'])
    .optional()
    .meta({ description: 'Whether the agents work one after the other (sequence) or side by side.' }),
  join: z
    .union([
      z.enum(['all', 'first']),
      z.strictObject({ quorum: z.int().min(1).max(16).meta({ description: 'How many must succeed.' }) }),
    ])
    .optional()
    .meta({
      description: 'With parallel: when the phase has what it needs (all). The others are cancelled.',
    }),
  concurrency: z
    .int()
    .min(1)
    .max(16)
    .optional()
    .meta({ description: 'With parallel: agents under way at once; all when absent.' }),
  artifact: artifact.optional().meta({ description: 'What the phase makes for people to review.' }),
  approval: approvalSchema.optional(),
  delivery: z
    .strictObject({
      artifact: z.string(),
      channel: reference,
      url: reference.optional(),
      sender: reference,
      recipients: reference,
    })
    .optional(),
});

/** A workflow definition, as it stands in YAML. Published as `config/workflows/workflow-definition.schema.json`. */
export const definitionSchema = z
  .strictObject({
    name,
    version: z.int().min(1).max(1_000_000),
    title: z.string().min(1).max(200),
    description: z.string().max(2_000).optional(),
    purpose: name.meta({ description: 'The purpose that consent must cover.' }),
    input: z.record(z.string(), z.unknown()).meta({ description: 'JSON Schema 2020-12 of the input.' }),
    classification: z.enum(CLASSIFICATIONS).optional().meta({
      description: 'The least that a run counts as (internal); what is found in its data may raise it.',
    }),
    timeoutSeconds: z
      .number()
      .min(0.1)
      .max(31_536_000)
      .optional()
      .meta({ description: 'A run that has not ended after this time ends FAILED, wherever it stands.' }),
    subjects: z
      .strictObject({
        recipients: reference,
        sender: reference.optional(),
      })
      .meta({
        description:
          'Where the people stand whose data is tokenised: objects with name, email and attributes.',
      }),
    phases: z.strictObject(
      Object.fromEntries(PHASES.map((key) => [key, phase])) as Record<(typeof PHASES)[number], typeof phase>,
    ),
  })
  .superRefine((definition, context) => {
    for (const fault of definitionFaults(definition)) context.addIssue({ code: 'custom', ...fault });
  });

export type WorkflowDefinition = z.output<typeof definitionSchema>;
export type PhasePlan = z.output<typeof phase>;
