import { describe, expect, it } from 'vitest';
import { retryDelay } from './retry-schedule.js';

describe('retryDelay', () => {
  const delays = [5, 300, 1_800];

  it('follows the schedule, a tenth either way', () => {
    expect(retryDelay(delays, 1, 0.5)).toBe(5);
    expect(retryDelay(delays, 2, 0)).toBe(270);
    expect(retryDelay(delays, 3, 0.999_999)).toBeCloseTo(1_980, 1);
  });

  it('ends with it', () => {
    expect(retryDelay(delays, 4, 0.5)).toBeNull();
  });

  it('varies from one failure to the next', () => {
    const seen = new Set(Array.from({ length: 20 }, () => retryDelay(delays, 2)));
    expect(seen.size).toBeGreaterThan(1);
    for (const delay of seen) expect(Math.abs((delay ?? 0) - 300)).toBeLessThanOrEqual(30);
  });
});
