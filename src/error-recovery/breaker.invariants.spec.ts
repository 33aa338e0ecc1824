import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { systemClock } from '../kernel/clock.js';
import { Breaker, BreakerOpenError, type BreakerState } from './breaker.js';

const OPTIONS = {
  failureThreshold: 5,
  failureRatePercent: 50,
  windowMs: 10_000,
  openMs: 5_000,
  slowCallMs: 1_000,
};
const ALLOWED: Readonly<Record<BreakerState, readonly BreakerState[]>> = {
  closed: ['open'],
  open: ['half-open'],
  'half-open': ['open', 'closed'],
};

/** A small seeded generator (mulberry32), so that a failing sequence can be run again. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

describe('Breaker under random operations', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it.each([1, 2, 3, 4, 5])(
    'changes state only along the permitted paths, never has two probes and always recovers (seed %i)',
    async (seed) => {
      const random = randomOf(seed);
      let state: BreakerState = 'closed';
      const faults: string[] = [];
      const breaker = new Breaker('random', OPTIONS, systemClock, (next) => {
        if (!ALLOWED[state].includes(next)) faults.push(`${state} → ${next}`);
        state = next;
      });
      const pending: PromiseWithResolvers<string>[] = [];
      let probes = 0;

      const start = (): void => {
        const answer = Promise.withResolvers<string>();
        const neutral = random() < 0.2;
        const isProbe = breaker.state === 'half-open';
        let called = false;
        const run = breaker.run(
          () => {
            called = true;
            pending.push(answer);
            return answer.promise;
          },
          () => neutral,
        );
        if (called && breaker.state === 'open') faults.push('called while open');
        if (called && isProbe && (probes += 1) > 1) faults.push('two probes');
        run
          .catch((error: unknown) => {
            if (error instanceof BreakerOpenError && called) faults.push('refused after the call');
          })
          .finally(() => {
            if (called && isProbe) probes -= 1;
          })
          .catch(() => {});
      };

      for (let step = 0; step < 600; step += 1) {
        const dice = random();
        if (dice < 0.5) start();
        else if (dice < 0.9) {
          const [answer] = pending.splice(Math.floor(random() * pending.length), 1);
          if (random() < 0.4) answer?.resolve('answer');
          else answer?.reject(new Error('failed'));
        } else await vi.advanceTimersByTimeAsync(Math.floor(random() * 3_000));
        await vi.advanceTimersByTimeAsync(0);
      }
      for (const answer of pending) answer.reject(new Error('failed'));
      await vi.advanceTimersByTimeAsync(0);

      await vi.advanceTimersByTimeAsync(OPTIONS.openMs);
      await expect(breaker.run(async () => 'answer')).resolves.toBe('answer');
      expect(breaker.state).toBe('closed');
      expect(faults).toEqual([]);
      breaker.shutdown();
    },
  );
});
