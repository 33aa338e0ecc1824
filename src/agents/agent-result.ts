import type { ErrorCode } from '../kernel/error-catalogue.js';
import type { ModelUsage } from '../llm/model-request.js';

/** What an agent's call led to. Failing is not among it: what a model cannot do, the fallback does. */
export interface AgentResult {
  /** Valid against the agent's output schema. */
  readonly output: unknown;
  /** Of all attempts together, refused answers included. */
  readonly usage: ModelUsage;
  readonly provider: string;
  readonly model: string;
  /** Of the instructions that were given, see `prompt-version.ts`; absent when nobody was asked. */
  readonly promptVersion?: string;
  /** `fallback` when the agent's own deterministic work replaced the model's. */
  readonly status: 'completed' | 'fallback';
  readonly degraded: boolean;
  /** Calls of the model; 0 when the breaker let none through. */
  readonly attempts: number;
  readonly durationMs: number;
  /** Why the fallback answered; fit for the public. */
  readonly error?: { readonly code: ErrorCode; readonly message: string };
}
