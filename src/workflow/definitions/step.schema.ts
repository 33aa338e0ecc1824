import { z } from 'zod';
import { reference, template } from './template.schema.js';
import { waitStep } from './wait.schema.js';

/** Beyond this a run would wait for years between two attempts. */
const DAY_MS = 86_400_000;

const retry = z
  .strictObject({
    maxAttempts: z.int().min(2).max(100).meta({ description: 'Attempts in all, the first included.' }),
    initialDelayMs: z.int().min(0).max(DAY_MS).optional().meta({ description: 'Before the second; 1000.' }),
    backoff: z.number().min(1).max(10).optional().meta({ description: 'Factor of each further delay; 2.' }),
    maxDelayMs: z.int().min(0).max(DAY_MS).optional().meta({ description: 'Longest delay; 60000.' }),
    retryOn: z
      .array(z.string().regex(/^[A-Z][A-Z0-9_]*$/))
      .min(1)
      .max(20)
      .optional()
      .meta({ description: 'Only these error codes are tried again; all when absent.' }),
  })
  .meta({ description: 'Attempts of the step, above those that the agent makes by itself.' });

const stepName = z.string().regex(/^[a-z][a-z0-9_]{0,62}$/);

export const agentStep = z
  .strictObject({
    agent: stepName,
    as: stepName
      .optional()
      .meta({ description: 'Name of the step and its output where one agent works more than once.' }),
    input: template.meta({ description: 'What the agent receives.' }),
    forEach: reference.optional().meta({ description: 'Runs the agent once for each item of a list.' }),
    output: template.optional().meta({ description: 'With forEach: what is kept of each answer.' }),
    onItemFailure: z
      .enum(['fail', 'continue'])
      .optional()
      .meta({ description: 'With forEach: whether an item that fails ends the run (fail) or is left out.' }),
    onFailure: z.enum(['fail', 'continue']).optional().meta({
      description: 'Whether the run ends when the step fails (fail), or goes on without its output.',
    }),
    onFallback: z.enum(['accept', 'fail']).optional().meta({
      description: 'Whether an answer that the fallback gave in place of the model counts (accept).',
    }),
    retry: retry.optional(),
    timeoutSeconds: z
      .number()
      .min(0.05)
      .max(86_400)
      .optional()
      .meta({ description: 'Time for one attempt, the attempts inside the agent included.' }),
  })
  .meta({ description: 'One agent of a phase. In a sequence the steps of a phase run in the order given.' });

/** One member of a phase's `agents`. */
export const step = z.union([agentStep, waitStep]);

export type AgentStep = z.output<typeof agentStep>;
export type RetryPolicy = z.output<typeof retry>;
export type Step = z.output<typeof step>;

/** Name of a step inside its phase, and of its output. */
export function stepNameOf(given: AgentStep): string {
  return given.as ?? given.agent;
}

/** Whether a step asks an agent; else it waits. */
export function isAgentStep(given: Step): given is AgentStep {
  return 'agent' in given;
}
