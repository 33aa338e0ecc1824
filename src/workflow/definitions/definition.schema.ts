import { z } from 'zod';
import { PHASES } from '../../compliance/state/phases.js';

const name = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,62}$/)
  .meta({ description: 'Lower-case letters, digits and hyphens.' });

const reference = z
  .string()
  .regex(/^\$(\.[A-Za-z0-9_]+)+$/)
  .meta({
    description:
      'A path into the run: $.input…, $.outputs.<agent>…, $.item…, $.index, $.output…, $.review.comments',
  });

const template = z
  .record(z.string(), z.unknown())
  .meta({ description: 'An object in which a text that starts with "$." is replaced by what it refers to.' });

const agentStep = z
  .strictObject({
    agent: z.string().regex(/^[a-z][a-z0-9_]*$/),
    input: template.meta({ description: 'What the agent receives.' }),
    forEach: reference.optional().meta({ description: 'Runs the agent once for each item of a list.' }),
    output: template.optional().meta({ description: 'With forEach: what is kept of each answer.' }),
  })
  .meta({ description: 'One agent of a phase. Agents of a phase run in the order given.' });

const artifact = z.strictObject({
  kind: z.string().min(1).max(64),
  name: z.string().min(1).max(64),
  content: template,
});

const phase = z.strictObject({
  agents: z.array(agentStep).max(16).default([]),
  artifact: artifact.optional().meta({ description: 'What the phase makes for people to review.' }),
  approval: z
    .strictObject({
      artifact: z.string().meta({ description: 'Name of the artefact that is shown and bound.' }),
      required: z.int().min(1).max(10).default(1).meta({ description: 'How many approvals are needed.' }),
    })
    .optional(),
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
    const made = new Set(Object.values(definition.phases).flatMap((each) => each.artifact?.name ?? []));
    const wanted = [
      ['REVIEW', 'approval', definition.phases.REVIEW.approval?.artifact],
      ['DELIVERY', 'delivery', definition.phases.DELIVERY.delivery?.artifact],
    ] as const;
    for (const [phaseName, part, artifactName] of wanted) {
      if (artifactName === undefined || made.has(artifactName)) continue;
      context.addIssue({
        code: 'custom',
        path: ['phases', phaseName, part, 'artifact'],
        message: `no phase makes an artefact "${artifactName}"`,
      });
    }
    if (definition.phases.DELIVERY.delivery && !definition.phases.REVIEW.approval) {
      context.addIssue({
        code: 'custom',
        path: ['phases', 'REVIEW', 'approval'],
        message: 'nothing is delivered without an approval',
      });
    }
  });

export type WorkflowDefinition = z.output<typeof definitionSchema>;
export type AgentStep = z.output<typeof agentStep>;
