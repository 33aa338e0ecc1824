import { Injectable } from '@nestjs/common';
import type { AppConfig } from '../config/app-config.js';
import { InjectConfig } from '../config/inject-config.js';
import { type Breaker, BreakerOpenError } from './breaker.js';
import { BreakerRegistry } from './breaker-registry.js';
import { Deadline } from './deadline.js';
import { pause, retryDelayMs } from './retry.js';

/** How one call is to be protected. */
interface RecoveryOptions {
  /** Time limit of each attempt. */
  readonly timeoutMs: number;
  /** The caller's own signal: aborting it ends the call, counts as no failure and is not retried. */
  readonly signal?: AbortSignal;
  /** Whether another attempt may help; absent = always. A time limit that passed comes as a `TimeoutError`. */
  isRetryable?(error: unknown): boolean;
  /** The pause the other side asked for. */
  retryAfterMs?(error: unknown): number | undefined;
  /** Attempts, the first included; absent = as configured. */
  readonly maxAttempts?: number;
}

interface Effort {
  /** Calls that were really made; 0 when the breaker let none through. */
  readonly attempts: number;
  /** From the first attempt to the end, pauses included. */
  readonly durationMs: number;
}

type FailureReason = 'breaker_open' | 'timeout' | 'failed' | 'aborted';

/** How a protected call ended. Failing is an expected outcome here, so it is a value. */
export type RecoveryOutcome<T> =
  | ({ readonly ok: true; readonly value: T } & Effort)
  | ({ readonly ok: false; readonly reason: FailureReason; readonly error: unknown } & Effort);

/** What this process has counted since it started. */
export interface RecoveryCounters {
  readonly total: number;
  readonly successful: number;
  readonly failed: number;
  readonly breakerActivations: number;
  readonly fallbackActivations: number;
}

type Attempt<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly reason: FailureReason; readonly error: unknown };

/** Runs calls that may fail behind a circuit breaker, with a time limit per attempt and retries between them. */
@Injectable()
export class ErrorRecovery {
  private total = 0;
  private successful = 0;
  private failed = 0;
  private fallbacks = 0;

  constructor(
    @InjectConfig('errorRecovery') private readonly config: AppConfig['errorRecovery'],
    private readonly breakers: BreakerRegistry,
  ) {}

  /**
   * Makes the call behind the breaker of this name.
   *
   * @param name the breaker; one per agent or external service
   * @param call gets the signal of its attempt and is abandoned when that is aborted, whether it listens or not
   */
  async execute<T>(
    name: string,
    options: RecoveryOptions,
    call: (signal: AbortSignal) => Promise<T>,
  ): Promise<RecoveryOutcome<T>> {
    const startedAt = performance.now();
    this.total += 1;
    const { last, attempts } = await this.attemptUntilSettled(this.breakers.obtain(name), options, call);
    if (last.ok) this.successful += 1;
    else if (last.reason !== 'aborted') this.failed += 1;
    return { ...last, attempts, durationMs: Math.round(performance.now() - startedAt) };
  }

  /** Notes that the caller answered with its fallback. */
  recordFallback(): void {
    this.fallbacks += 1;
  }

  counters(): RecoveryCounters {
    return {
      total: this.total,
      successful: this.successful,
      failed: this.failed,
      breakerActivations: this.breakers.activations,
      fallbackActivations: this.fallbacks,
    };
  }

  private async attemptUntilSettled<T>(
    breaker: Breaker,
    options: RecoveryOptions,
    call: (signal: AbortSignal) => Promise<T>,
  ): Promise<{ last: Attempt<T>; attempts: number }> {
    const maxAttempts = options.maxAttempts ?? this.config.maxAttempts;
    let last: Attempt<T> | undefined;
    for (let attempts = 0; ; attempts += 1) {
      if (options.signal?.aborted) return { last: aborted(options.signal), attempts };
      const next = await attemptOnce(breaker, options, call);
      // A refusal after a real failure would hide what went wrong, so that failure is what is told.
      if (!next.ok && next.reason === 'breaker_open') return { last: last ?? next, attempts };
      last = next;
      const made = attempts + 1;
      if (last.ok || made >= maxAttempts || breaker.state === 'open') return { last, attempts: made };
      const delayMs = this.pauseBefore(made, last, options);
      if (delayMs === undefined) return { last, attempts: made };
      try {
        await pause(delayMs, options.signal);
      } catch {
        return { last: aborted(options.signal), attempts: made };
      }
    }
  }

  /** How long to wait before the next attempt; nothing when there should be none. */
  private pauseBefore(made: number, failure: Attempt<unknown>, options: RecoveryOptions): number | undefined {
    if (failure.ok || failure.reason === 'aborted') return undefined;
    if (options.isRetryable && !options.isRetryable(failure.error)) return undefined;
    const retryAfterMs = options.retryAfterMs?.(failure.error);
    // Asked to wait longer than a whole attempt may take: the caller's fallback is the better answer.
    if (retryAfterMs !== undefined && retryAfterMs > options.timeoutMs) return undefined;
    return retryDelayMs(
      made,
      { baseMs: this.config.retryBaseMs, maxMs: this.config.retryMaxMs },
      retryAfterMs,
    );
  }
}

async function attemptOnce<T>(
  breaker: Breaker,
  options: RecoveryOptions,
  call: (signal: AbortSignal) => Promise<T>,
): Promise<Attempt<T>> {
  const deadline = new Deadline(options.timeoutMs, options.signal);
  try {
    const value = await breaker.run(
      () => deadline.race(call(deadline.signal)),
      () => options.signal?.aborted === true,
    );
    return { ok: true, value };
  } catch (error) {
    if (error instanceof BreakerOpenError) return { ok: false, reason: 'breaker_open', error };
    if (options.signal?.aborted) return aborted(options.signal);
    // The deadline's own reason, not what the call made of it.
    if (deadline.timedOut) return { ok: false, reason: 'timeout', error: deadline.signal.reason };
    return { ok: false, reason: 'failed', error };
  } finally {
    deadline.dispose();
  }
}

function aborted(signal: AbortSignal | undefined): Attempt<never> {
  return { ok: false, reason: 'aborted', error: signal?.reason };
}
