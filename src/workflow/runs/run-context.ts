import { z } from 'zod';

const contextSchema = z.object({
  contextData: z
    .object({
      performance: z.record(
        z.string(),
        z.object({
          /** Time of the last execution, milliseconds. */
          executionTimeMs: z.number().nonnegative(),
          timestamp: z.string(),
          status: z.enum(['completed', 'fallback', 'failed']),
        }),
      ),
      lastError: z
        .object({
          agent: z.string().optional(),
          code: z.string(),
          message: z.string(),
          timestamp: z.string(),
        })
        .optional(),
    })
    .default({ performance: {} }),
  errorRecoveryState: z
    .record(
      z.string(),
      z.object({
        state: z.enum(['healthy', 'recovered', 'fallback', 'failed']),
        lastErrorCode: z.string().optional(),
        suggestion: z.string().optional(),
        timestamp: z.string(),
      }),
    )
    .default({}),
  /** Extra attempts an agent has needed so far. */
  recoveryAttempts: z.record(z.string(), z.int().nonnegative()).default({}),
});

/** What a run carries about its agents (W7). */
export type RunContext = z.output<typeof contextSchema>;

export const EMPTY_CONTEXT: RunContext = {
  contextData: { performance: {} },
  errorRecoveryState: {},
  recoveryAttempts: {},
};

/** Reads a stored context; undefined when it is not of the form the engine writes. */
export function readContext(stored: unknown): RunContext | undefined {
  const parsed = contextSchema.safeParse(stored);
  return parsed.success ? parsed.data : undefined;
}

export interface AgentOutcome {
  readonly agent: string;
  readonly status: 'completed' | 'fallback' | 'failed';
  readonly executionTimeMs: number;
  /** Attempts made, the first included. */
  readonly attempts: number;
  readonly error?: { readonly code: string; readonly message: string };
}

/** The context after an agent has run. */
export function withOutcome(context: RunContext, outcome: AgentOutcome, now: Date): RunContext {
  const { agent, status, error } = outcome;
  const timestamp = now.toISOString();
  const extra = Math.max(0, outcome.attempts - 1);
  const state = status === 'completed' ? (extra > 0 ? 'recovered' : 'healthy') : status;
  return {
    contextData: {
      performance: {
        ...context.contextData.performance,
        [agent]: { executionTimeMs: outcome.executionTimeMs, timestamp, status },
      },
      lastError: error ? { agent, ...error, timestamp } : context.contextData.lastError,
    },
    errorRecoveryState: {
      ...context.errorRecoveryState,
      [agent]: { state, lastErrorCode: error?.code, suggestion: SUGGESTIONS[state], timestamp },
    },
    recoveryAttempts: {
      ...context.recoveryAttempts,
      [agent]: (context.recoveryAttempts[agent] ?? 0) + extra,
    },
  };
}

/** The context after a fault that belongs to no agent. */
export function withError(context: RunContext, code: string, message: string, now: Date): RunContext {
  return {
    ...context,
    contextData: { ...context.contextData, lastError: { code, message, timestamp: now.toISOString() } },
  };
}

const SUGGESTIONS: Record<string, string | undefined> = {
  fallback:
    'The simulation answered in place of the model: check the provider, then review the output with care.',
  failed: 'Check the agent’s input and the model provider, then start the run again.',
};
