import type { Overlap } from '../schedule.js';

/** What to do with a fire: carry it out, leave it, let it wait, or cancel what runs and look again. */
export type OverlapVerdict = 'start' | 'skip' | 'wait' | 'cancel';

/**
 * @param openRuns runs of the same schedule that have not ended, whatever started them.
 * @param isAnotherWaiting whether another fire waits already; there is room for one.
 */
export function decideOverlap(policy: Overlap, openRuns: number, isAnotherWaiting: boolean): OverlapVerdict {
  switch (policy) {
    case 'allow':
      return 'start';
    case 'skip':
      return openRuns > 0 ? 'skip' : 'start';
    case 'cancel_previous':
      return openRuns > 0 ? 'cancel' : 'start';
    case 'queue':
      if (isAnotherWaiting) return 'skip';
      return openRuns > 0 ? 'wait' : 'start';
    default:
      return unreachable(policy);
  }
}

function unreachable(policy: never): never {
  throw new TypeError(`unknown overlap ${String(policy)}`);
}
