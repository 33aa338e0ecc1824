import { describe, expect, it } from 'vitest';
import type { HistoryItem } from './api-types.js';
import { timeline } from './timeline.js';

describe('timeline', () => {
  it('calls that overlap count by the clock, rounds apart from each other do not count what lies between', () => {
    const lines = timeline([
      step('email_generator', 0, 400),
      step('email_generator', 100, 600, { degraded: true, detail: { calls: 24 } }),
      step('email_generator', 60_000, 60_100),
      step('', 0, 0, { kind: 'transition' }),
      step('', 700, 900, {
        kind: 'delivery',
        agent: null,
        phase: 'DELIVERY',
        startedAt: null,
        endedAt: null,
      }),
    ]);

    expect(lines).toEqual([
      'phase       what             calls  duration  result',
      '──────────  ───────────────  ─────  ────────  ───────────────────────────────',
      'GENERATION  email_generator     26    700 ms  completed, completed (fallback)',
      'DELIVERY    delivery                  200 ms  completed',
    ]);
  });
});

const step = (
  agent: string,
  startMs: number,
  endMs: number,
  more: Partial<HistoryItem> = {},
): HistoryItem => ({
  seq: 1,
  kind: 'step',
  phase: 'GENERATION',
  agent,
  status: 'COMPLETED',
  durationMs: endMs - startMs,
  startedAt: new Date(startMs).toISOString(),
  endedAt: new Date(endMs).toISOString(),
  ...more,
});
