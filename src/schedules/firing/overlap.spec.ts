import { describe, expect, it } from 'vitest';
import { decideOverlap } from './overlap.js';

describe('a fire while runs of its schedule are open', () => {
  it.each([
    ['skip', 0, false, 'start'],
    ['skip', 1, false, 'skip'],
    ['allow', 0, false, 'start'],
    ['allow', 3, true, 'start'],
    ['cancel_previous', 0, false, 'start'],
    ['cancel_previous', 2, false, 'cancel'],
    ['queue', 0, false, 'start'],
    ['queue', 1, false, 'wait'],
    ['queue', 1, true, 'skip'],
    // The one that waits has its turn first.
    ['queue', 0, true, 'skip'],
  ] as const)('%s with %i open, another waiting: %s → %s', (policy, openRuns, isAnotherWaiting, verdict) => {
    expect(decideOverlap(policy, openRuns, isAnotherWaiting)).toBe(verdict);
  });
});
