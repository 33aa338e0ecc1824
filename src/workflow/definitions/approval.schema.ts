import { z } from 'zod';
import { REVIEWER_ROLES } from '../review/reviewer-roles.js';

const afterHours = z
  .number()
  .min(0.001)
  .max(8_760)
  .meta({ description: 'Hours after the approval was asked for.' });

const roles = z
  .array(z.enum(REVIEWER_ROLES))
  .min(1)
  .max(REVIEWER_ROLES.length)
  .meta({ description: 'Roles that may decide.' });

/** What a definition says of its approval. */
export const approvalSchema = z
  .strictObject({
    artifact: z.string().meta({ description: 'Name of the artefact that is shown and bound.' }),
    required: z.int().min(1).max(10).default(1).meta({ description: 'How many approvals are needed.' }),
    rejectQuorum: z
      .int()
      .min(1)
      .max(10)
      .optional()
      .meta({ description: 'How many rejections end the run (1).' }),
    fourEyes: z.literal(true).optional().meta({
      description: 'Bars the requester from approving, whatever the configuration says; it can only tighten.',
    }),
    roles: roles.optional().meta({ description: 'Roles that may decide; all that may review when absent.' }),
    expiresInHours: afterHours
      .optional()
      .meta({ description: 'Hours until the approval expires; as configured when absent.' }),
    onExpiry: z
      .literal('reject')
      .optional()
      .meta({ description: 'An approval nobody gave counts as rejected.' }),
    reminders: z
      .array(z.strictObject({ afterHours }))
      .max(10)
      .optional()
      .meta({ description: 'When people are reminded.' }),
    escalation: z
      .strictObject({
        afterHours,
        roles,
        instead: z.boolean().optional().meta({
          description: 'Whether from then on only these may decide, not those asked before as well.',
        }),
      })
      .optional()
      .meta({ description: 'When others are asked.' }),
  })
  .superRefine(({ expiresInHours = Number.POSITIVE_INFINITY, reminders = [], escalation }, context) => {
    const times = [
      ...reminders.map((each, index) => [['reminders', index], each.afterHours] as const),
      ...(escalation ? [[['escalation'], escalation.afterHours] as const] : []),
    ];
    for (const [path, hours] of times) {
      if (hours < expiresInHours) continue;
      context.addIssue({
        code: 'custom',
        path: [...path, 'afterHours'],
        message: 'must come before the approval expires',
      });
    }
  });

export type ApprovalPlan = z.output<typeof approvalSchema>;
