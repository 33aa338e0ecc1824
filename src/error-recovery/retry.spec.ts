import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { pause, retryDelayMs } from './retry.js';

const bounds = { baseMs: 100, maxMs: 1_000 };
const highest = (): number => 0.999_999;

describe('retryDelayMs', () => {
  it('doubles the highest pause with each failed attempt, up to the maximum', () => {
    const delays = [1, 2, 3, 4, 5, 60].map((attempts) => retryDelayMs(attempts, bounds, 0, highest));
    expect(delays).toEqual([99, 199, 399, 799, 999, 999]);
  });

  it('spreads pauses over the whole range (full jitter)', () => {
    expect(retryDelayMs(3, bounds, 0, () => 0)).toBe(0);
    expect(retryDelayMs(3, bounds, 0, () => 0.5)).toBe(200);
  });

  it('never comes back earlier than the other side asked for', () => {
    expect(retryDelayMs(1, bounds, 5_000, highest)).toBe(5_000);
  });
});

describe('pause', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('ends when the time has passed', async () => {
    const paused = pause(1_000);
    await vi.advanceTimersByTimeAsync(1_000);
    await expect(paused).resolves.toBeUndefined();
  });

  it('ends at once with the reason when it is aborted, and leaves no timer', async () => {
    const controller = new AbortController();
    const paused = pause(1_000, controller.signal);
    controller.abort(new Error('stopped'));
    await expect(paused).rejects.toThrow('stopped');
    expect(vi.getTimerCount()).toBe(0);
  });

  it('does not begin when it is aborted already', async () => {
    await expect(pause(1_000, AbortSignal.abort(new Error('stopped')))).rejects.toThrow('stopped');
    expect(vi.getTimerCount()).toBe(0);
  });
});
