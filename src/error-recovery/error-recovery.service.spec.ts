import { Logger } from '@nestjs/common';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { testMetrics } from '../../test/harness/metrics.js';
import { systemClock } from '../kernel/clock.js';
import { BreakerRegistry } from './breaker-registry.js';
import { ErrorRecovery } from './error-recovery.service.js';

const config = {
  failureThreshold: 5,
  failureRatePercent: 50,
  windowMs: 60_000,
  openMs: 60_000,
  maxAttempts: 3,
  retryBaseMs: 250,
  retryMaxMs: 4_000,
  slowCallMs: 10_000,
};

const failing = async (): Promise<never> => {
  throw new Error('failed');
};

describe('ErrorRecovery', () => {
  let breakers: BreakerRegistry;
  let recovery: ErrorRecovery;

  beforeAll(() => Logger.overrideLogger(false));
  afterAll(() => Logger.overrideLogger(['error', 'warn', 'log']));

  beforeEach(() => {
    vi.useFakeTimers();
    breakers = new BreakerRegistry(config, systemClock, testMetrics());
    recovery = new ErrorRecovery(config, breakers);
  });
  afterEach(() => {
    breakers.onApplicationShutdown();
    vi.useRealTimers();
  });

  it('hands the value of a call on', async () => {
    const outcome = await recovery.execute('a', { timeoutMs: 1_000 }, async () => 'answer');
    expect(outcome).toEqual({ ok: true, value: 'answer', attempts: 1, durationMs: 0 });
    expect(recovery.counters()).toMatchObject({ total: 1, successful: 1, failed: 0 });
    expect(vi.getTimerCount()).toBe(1); // opossum's window; the time limit is taken back
  });

  it('tries again after a failure and says how many attempts it took', async () => {
    const call = vi.fn<() => Promise<string>>();
    call.mockRejectedValueOnce(new Error('first')).mockRejectedValueOnce(new Error('second'));
    call.mockResolvedValueOnce('answer');
    const outcome = recovery.execute('a', { timeoutMs: 1_000 }, call);
    await vi.runOnlyPendingTimersAsync();
    await vi.advanceTimersByTimeAsync(10_000);
    await expect(outcome).resolves.toMatchObject({ ok: true, value: 'answer', attempts: 3 });
  });

  it('gives up after the configured attempts with the last error', async () => {
    let made = 0;
    const outcome = recovery.execute('a', { timeoutMs: 1_000 }, async () => {
      made += 1;
      throw new Error(`failure ${made}`);
    });
    await vi.advanceTimersByTimeAsync(20_000);
    const settled = await outcome;
    expect(settled).toMatchObject({ ok: false, reason: 'failed', attempts: 3 });
    expect(settled).toHaveProperty('error.message', 'failure 3');
    expect(recovery.counters()).toMatchObject({ total: 1, successful: 0, failed: 1 });
  });

  it('does not repeat what another attempt cannot help', async () => {
    const call = vi.fn(async () => {
      throw new Error('wrong key');
    });
    const outcome = await recovery.execute('a', { timeoutMs: 1_000, isRetryable: () => false }, call);
    expect(outcome).toMatchObject({ ok: false, reason: 'failed', attempts: 1 });
    expect(call).toHaveBeenCalledTimes(1);
  });

  it('waits at least as long as the other side asks', async () => {
    const call = vi.fn<() => Promise<string>>();
    call.mockRejectedValueOnce(new Error('rate limited')).mockResolvedValueOnce('answer');
    const outcome = recovery.execute('a', { timeoutMs: 30_000, retryAfterMs: () => 7_000 }, call);
    await vi.advanceTimersByTimeAsync(6_999);
    expect(call).toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(1);
    await expect(outcome).resolves.toMatchObject({ ok: true, attempts: 2, durationMs: 7_000 });
  });

  it('gives up at once when it is asked to wait longer than an attempt may take', async () => {
    const outcome = await recovery.execute(
      'a',
      { timeoutMs: 1_000, retryAfterMs: () => 60_000 },
      async () => {
        throw new Error('rate limited');
      },
    );
    expect(outcome).toMatchObject({ ok: false, reason: 'failed', attempts: 1 });
  });

  it('ends a call that hangs at its time limit and aborts its signal', async () => {
    let seen: AbortSignal | undefined;
    const outcome = recovery.execute('a', { timeoutMs: 1_000, maxAttempts: 1 }, async (signal) => {
      seen = signal;
      return new Promise<never>(() => {});
    });
    await vi.advanceTimersByTimeAsync(1_000);
    await expect(outcome).resolves.toMatchObject({
      ok: false,
      reason: 'timeout',
      error: { name: 'TimeoutError' },
    });
    expect(seen?.aborted).toBe(true);
    expect(breakers.findSnapshot('a')).toMatchObject({ failureCount: 1 });
  });

  it('aborts one hanging call without touching another in flight', async () => {
    const other = Promise.withResolvers<string>();
    const hanging = recovery.execute(
      'a',
      { timeoutMs: 1_000, maxAttempts: 1 },
      () => new Promise<never>(() => {}),
    );
    const working = recovery.execute('a', { timeoutMs: 5_000 }, async () => other.promise);
    await vi.advanceTimersByTimeAsync(1_000);
    await expect(hanging).resolves.toMatchObject({ ok: false, reason: 'timeout' });
    other.resolve('answer');
    await expect(working).resolves.toMatchObject({ ok: true, value: 'answer' });
  });

  it('stops at once when the caller aborts, and counts no failure', async () => {
    const caller = new AbortController();
    const outcome = recovery.execute(
      'a',
      { timeoutMs: 1_000, signal: caller.signal },
      () => new Promise<never>(() => {}),
    );
    caller.abort(new Error('cancelled'));
    await expect(outcome).resolves.toMatchObject({ ok: false, reason: 'aborted', attempts: 1 });
    expect(recovery.counters()).toMatchObject({ total: 1, successful: 0, failed: 0 });
    expect(breakers.findSnapshot('a')).toMatchObject({ failureCount: 0 });
  });

  it('stops waiting for the next attempt when the caller aborts', async () => {
    const caller = new AbortController();
    const call = vi.fn(async () => {
      throw new Error('failed');
    });
    const outcome = recovery.execute(
      'a',
      { timeoutMs: 30_000, signal: caller.signal, retryAfterMs: () => 9_000 },
      call,
    );
    await vi.advanceTimersByTimeAsync(10);
    caller.abort(new Error('cancelled'));
    await expect(outcome).resolves.toMatchObject({ ok: false, reason: 'aborted', attempts: 1 });
    expect(call).toHaveBeenCalledTimes(1);
  });

  it('does not call for a caller that has aborted already', async () => {
    const call = vi.fn(async () => 'answer');
    const outcome = await recovery.execute('a', { timeoutMs: 1_000, signal: AbortSignal.abort() }, call);
    expect(outcome).toMatchObject({ ok: false, reason: 'aborted', attempts: 0 });
    expect(call).not.toHaveBeenCalled();
  });

  it('refuses at once while the breaker is open, and counts the opening', async () => {
    const options = { timeoutMs: 1_000, maxAttempts: 1 };
    for (let index = 0; index < 5; index += 1) await recovery.execute('a', options, failing);
    const outcome = await recovery.execute('a', options, async () => 'answer');
    expect(outcome).toMatchObject({ ok: false, reason: 'breaker_open', attempts: 0 });
    expect(recovery.counters()).toMatchObject({ total: 6, failed: 6, breakerActivations: 1 });
  });

  it('keeps breakers apart by name', async () => {
    const options = { timeoutMs: 1_000, maxAttempts: 5, isRetryable: () => true };
    const failed = recovery.execute('a', options, failing);
    await vi.advanceTimersByTimeAsync(30_000);
    await failed;
    expect(breakers.findSnapshot('a')?.state).toBe('open');
    await expect(recovery.execute('b', options, async () => 'answer')).resolves.toMatchObject({ ok: true });
    expect(breakers.snapshots().map(({ name, state }) => [name, state])).toEqual([
      ['a', 'open'],
      ['b', 'closed'],
    ]);
  });

  it('stops retrying and tells the real failure when the breaker opens in between', async () => {
    const options = { timeoutMs: 1_000, maxAttempts: 1 };
    for (let index = 0; index < 4; index += 1) await recovery.execute('a', options, failing);
    const outcome = await recovery.execute('a', { timeoutMs: 1_000, maxAttempts: 3 }, failing);
    expect(outcome).toMatchObject({ ok: false, reason: 'failed', attempts: 1 });
    expect(outcome).toHaveProperty('error.message', 'failed');
  });

  it('counts fallbacks', () => {
    recovery.recordFallback();
    expect(recovery.counters().fallbackActivations).toBe(1);
  });
});
