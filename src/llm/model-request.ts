import type { z } from 'zod';

/** One question to a model that has to be answered in a given form. */
export interface ModelRequest<T> {
  /** Who asks: the agent's name. */
  readonly agent: string;
  /** For whom: its safe mode keeps the question inside. */
  readonly tenantId: string;
  /** What the model is and must do. */
  readonly system: string;
  /** The task with its data. */
  readonly prompt: string;
  /** The form of the answer. */
  readonly schema: z.ZodType<T>;
  /** The answer of the simulation provider; not called by any other, unless safe mode is on. */
  readonly simulate: () => T;
  /** Ends the call. */
  readonly signal: AbortSignal;
  /** Absent = as configured. */
  readonly maxOutputTokens?: number;
}

/** What a call has consumed. */
export interface ModelUsage {
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly costUsd: number;
}

/** A checked answer and where it came from. */
export interface ModelAnswer<T> {
  readonly output: T;
  readonly usage: ModelUsage;
  readonly provider: string;
  readonly model: string;
}
