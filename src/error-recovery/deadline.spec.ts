import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Deadline } from './deadline.js';

const never = new Promise<never>(() => {});

describe('Deadline', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('ends work that does not listen to the signal', async () => {
    const deadline = new Deadline(50);
    const refusal = deadline.race(never).catch((error: unknown) => error);
    await vi.advanceTimersByTimeAsync(50);
    await expect(refusal).resolves.toMatchObject({ name: 'TimeoutError' });
    expect(deadline.timedOut).toBe(true);
  });

  it('hands the result on and leaves no timer when the work is quicker', async () => {
    const deadline = new Deadline(50);
    await expect(deadline.race(Promise.resolve('done'))).resolves.toBe('done');
    deadline.dispose();
    expect(vi.getTimerCount()).toBe(0);
    expect(deadline.timedOut).toBe(false);
  });

  it('follows the caller, whose abort is not a timeout', async () => {
    const caller = new AbortController();
    const deadline = new Deadline(50, caller.signal);
    const raced = deadline.race(never);
    caller.abort(new Error('cancelled'));
    await expect(raced).rejects.toThrow('cancelled');
    expect(deadline.timedOut).toBe(false);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('is over from the start when the caller has aborted already', async () => {
    const deadline = new Deadline(50, AbortSignal.abort(new Error('cancelled')));
    await expect(deadline.race(Promise.resolve('done'))).rejects.toThrow('cancelled');
    expect(vi.getTimerCount()).toBe(0);
  });
});
