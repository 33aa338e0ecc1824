import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { systemClock } from '../kernel/clock.js';
import { Breaker, BreakerOpenError, type BreakerState } from './breaker.js';

const OPEN_MS = 60_000;
const failure = new Error('the other side failed');

const fail = async (): Promise<never> => {
  throw failure;
};
const succeed = async (): Promise<string> => 'answer';

describe('Breaker', () => {
  let transitions: BreakerState[];
  let breaker: Breaker;

  beforeEach(() => {
    vi.useFakeTimers({ now: new Date('2030-01-01T00:00:00.000Z') });
    transitions = [];
    breaker = new Breaker(
      'email_generator',
      { failureThreshold: 5, failureRatePercent: 50, windowMs: 120_000, openMs: OPEN_MS, slowCallMs: 1_000 },
      systemClock,
      (state) => transitions.push(state),
    );
  });
  afterEach(() => {
    breaker.shutdown();
    vi.useRealTimers();
  });

  async function failTimes(times: number): Promise<void> {
    for (let index = 0; index < times; index += 1) await expect(breaker.run(fail)).rejects.toBe(failure);
  }

  async function untilHalfOpen(): Promise<void> {
    await vi.advanceTimersByTimeAsync(OPEN_MS);
    expect(breaker.state).toBe('half-open');
  }

  it('opens at the fifth failure and then refuses without calling', async () => {
    await failTimes(4);
    expect(breaker.state).toBe('closed');
    await failTimes(1);
    expect(breaker.state).toBe('open');

    const call = vi.fn(succeed);
    await expect(breaker.run(call)).rejects.toBeInstanceOf(BreakerOpenError);
    expect(call).not.toHaveBeenCalled();
  });

  it('stays closed while no more than half of the calls fail', async () => {
    for (let index = 0; index < 20; index += 1) {
      await breaker.run(succeed);
      await failTimes(1);
    }
    expect(breaker.state).toBe('closed');
    expect(breaker.snapshot().failureRate).toBe(0.5);
  });

  it('lets exactly one probe through after the open time and closes when it succeeds', async () => {
    await failTimes(5);
    await untilHalfOpen();
    const probe = Promise.withResolvers<string>();
    const probing = breaker.run(() => probe.promise);
    await expect(breaker.run(succeed)).rejects.toBeInstanceOf(BreakerOpenError);
    probe.resolve('answer');
    await expect(probing).resolves.toBe('answer');
    expect(transitions).toEqual(['open', 'half-open', 'closed']);
  });

  it('opens again when the probe fails', async () => {
    await failTimes(5);
    await untilHalfOpen();
    await failTimes(1);
    expect(breaker.state).toBe('open');
    await untilHalfOpen();
  });

  it('forgets the failures that opened it once it has recovered', async () => {
    await failTimes(5);
    await untilHalfOpen();
    await breaker.run(succeed);
    await failTimes(4);
    expect(breaker.state).toBe('closed');
    expect(breaker.snapshot().failureCount).toBe(4);
  });

  it('does not close on the late success of a call begun before it opened', async () => {
    const late = Promise.withResolvers<string>();
    const calling = breaker.run(() => late.promise);
    // The late call is the fifth that was begun.
    await failTimes(4);
    await untilHalfOpen();
    late.resolve('late answer');
    await expect(calling).resolves.toBe('late answer');
    expect(breaker.state).toBe('half-open');
    await expect(breaker.run(succeed)).resolves.toBe('answer');
  });

  it('does not open on late failures of calls begun before it opened', async () => {
    const late = Promise.withResolvers<string>();
    const calling = Array.from({ length: 12 }, () => breaker.run(() => late.promise));
    for (const call of calling) call.catch(() => {});
    // With twelve calls under way it takes thirteen failures to pass one half.
    await failTimes(13);
    expect(breaker.state).toBe('open');
    await untilHalfOpen();
    await breaker.run(succeed);
    late.reject(failure);
    for (const call of calling) await expect(call).rejects.toBe(failure);
    expect(breaker.state).toBe('closed');
    expect(breaker.snapshot().failureCount).toBe(0);
  });

  it('does not count a call that its caller gave up', async () => {
    for (let index = 0; index < 10; index += 1) {
      await expect(breaker.run(fail, () => true)).rejects.toBe(failure);
    }
    expect(breaker.snapshot()).toMatchObject({ state: 'closed', failureCount: 0, lastFailureAt: null });
  });

  it('takes the probe back when its caller gives it up, instead of refusing for ever', async () => {
    await failTimes(5);
    await untilHalfOpen();
    await expect(breaker.run(fail, () => true)).rejects.toBe(failure);
    expect(breaker.state).toBe('half-open');
    await expect(breaker.run(succeed)).resolves.toBe('answer');
    expect(breaker.state).toBe('closed');
  });

  it('shows failures, slow calls and when it tries again', async () => {
    await breaker.run(async () => {
      await vi.advanceTimersByTimeAsync(1_000);
    });
    await failTimes(3);
    expect(breaker.snapshot()).toEqual({
      name: 'email_generator',
      state: 'closed',
      failureCount: 3,
      failureRate: 0.75,
      slowCallRate: 0.25,
      lastFailureAt: '2030-01-01T00:00:01.000Z',
      opensUntil: null,
    });
    await failTimes(1);
    expect(breaker.snapshot()).toMatchObject({ state: 'open', opensUntil: '2030-01-01T00:01:01.000Z' });
    await untilHalfOpen();
    expect(breaker.snapshot().opensUntil).toBeNull();
  });

  it('leaves no timer behind when it is shut down', async () => {
    await failTimes(5);
    breaker.shutdown();
    expect(vi.getTimerCount()).toBe(0);
  });
});
