import { z } from 'zod';

/** How an agent did: without a fault, after further attempts, by the simulation in its place, not at all. */
const STATES = ['healthy', 'recovered', 'fallback', 'failed'] as const;

const agentSchema = z.tuple([
  /** Time of the last execution, milliseconds. */
  z.number().nonnegative(),
  /** When it ended, milliseconds since 1970. */
  z.int().nonnegative().max(8_640_000_000_000_000),
  z.enum(STATES),
  /** Extra attempts it has needed so far. */
  z.int().nonnegative(),
  /** Code of the last fault. */
  z.string().nullable(),
]);

const contextSchema = z.strictObject({
  agents: z.record(z.string(), agentSchema).default({}),
  lastError: z
    .strictObject({
      agent: z.string().optional(),
      code: z.string(),
      message: z.string(),
      timestamp: z.string(),
    })
    .optional(),
});

/**
 * What a run carries about its agents (W7), in the form in which it is stored: it is written again at every step, so an
 * agent takes the room of its values and no more.
 */
export type RunContext = z.output<typeof contextSchema>;

export const EMPTY_CONTEXT: RunContext = { agents: {} };

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
  const { agent, status, error, executionTimeMs } = outcome;
  const extra = Math.max(0, outcome.attempts - 1);
  const state = status === 'completed' ? (extra > 0 ? 'recovered' : 'healthy') : status;
  const before = Object.hasOwn(context.agents, agent) ? context.agents[agent] : undefined;
  return {
    agents: {
      ...context.agents,
      [agent]: [executionTimeMs, now.getTime(), state, (before?.[3] ?? 0) + extra, error?.code ?? null],
    },
    lastError: error ? { agent, ...error, timestamp: now.toISOString() } : context.lastError,
  };
}

/** The context after a fault that belongs to no agent. */
export function withError(context: RunContext, code: string, message: string, now: Date): RunContext {
  return { ...context, lastError: { code, message, timestamp: now.toISOString() } };
}
