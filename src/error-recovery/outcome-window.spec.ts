import { describe, expect, it } from 'vitest';
import { OutcomeWindow } from './outcome-window.js';

function windowAt(start: number): { window: OutcomeWindow; advance(milliseconds: number): void } {
  let now = start;
  return {
    window: new OutcomeWindow(10_000, () => now),
    advance: (milliseconds) => {
      now += milliseconds;
    },
  };
}

describe('OutcomeWindow', () => {
  it('counts failures and slow calls of the window', () => {
    const { window, advance } = windowAt(1_000_000);
    window.record({ failed: true, slow: false });
    advance(3_000);
    window.record({ failed: false, slow: true });
    window.record({ failed: true, slow: true });
    expect(window.totals()).toEqual({ calls: 3, failures: 2, slow: 2 });
  });

  it('forgets what is older than the window, bucket by bucket', () => {
    const { window, advance } = windowAt(1_000_000);
    window.record({ failed: true, slow: false });
    advance(6_000);
    window.record({ failed: false, slow: false });
    advance(5_000);
    expect(window.totals()).toEqual({ calls: 1, failures: 0, slow: 0 });
    advance(5_000);
    expect(window.totals()).toEqual({ calls: 0, failures: 0, slow: 0 });
  });

  it('does not count the future when the clock was set back', () => {
    const { window, advance } = windowAt(1_000_000);
    window.record({ failed: true, slow: false });
    advance(-60_000);
    expect(window.totals().calls).toBe(0);
  });

  it('is empty after it was cleared', () => {
    const { window } = windowAt(1_000_000);
    window.record({ failed: true, slow: false });
    window.clear();
    expect(window.totals().calls).toBe(0);
  });
});
