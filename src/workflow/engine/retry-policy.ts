import type { RetryPolicy } from '../definitions/step.schema.js';

/** A longer pause must not hold a worker: the run is put down and taken up again by a job. */
export const LONGEST_PAUSE_MS = 5_000;

/** Waiting does not make an agent known to this process. */
const FINAL: ReadonlySet<string> = new Set(['AGENT_NOT_FOUND']);

/** Whether a failure ends the run whatever the step says of failures. */
export function isFinal(code: string): boolean {
  return FINAL.has(code);
}

/**
 * How long to wait before the next attempt; undefined when there is none.
 *
 * @param attempt the one that has failed, from 1.
 */
export function decideRetry(
  policy: RetryPolicy | undefined,
  attempt: number,
  code: string,
): number | undefined {
  if (!policy || isFinal(code) || attempt >= policy.maxAttempts) return undefined;
  if (policy.retryOn && !policy.retryOn.includes(code)) return undefined;
  const { initialDelayMs = 1_000, backoff = 2, maxDelayMs = 60_000 } = policy;
  return Math.min(maxDelayMs, Math.round(initialDelayMs * backoff ** (attempt - 1)));
}
