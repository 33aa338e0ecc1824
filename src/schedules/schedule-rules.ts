import type { FieldError } from '../kernel/app-error.js';
import { shortestIntervalSeconds } from './timing/cron-times.js';
import { nextFireTime, type Timing } from './timing/due-times.js';

/**
 * What is wrong with the times of a schedule whose cron expression and zone can be used as such.
 *
 * @param minIntervalSeconds the shortest time allowed between two fires.
 */
export function timingFaults(timing: Timing, minIntervalSeconds: number, now: Date): FieldError[] {
  const { startAt, endAt, jitterSeconds } = timing;
  const faults: FieldError[] = [];
  const intervalSeconds = shortestIntervalSeconds(timing.cron);
  if (intervalSeconds < minIntervalSeconds) {
    const message = `leaves ${intervalSeconds} seconds between two fires; at least ${minIntervalSeconds} are required`;
    faults.push({ path: 'cron', message });
  }
  if (jitterSeconds >= intervalSeconds) {
    const message = `must be less than the ${intervalSeconds} seconds between two fires`;
    faults.push({ path: 'jitterSeconds', message });
  }
  if (startAt && endAt && endAt <= startAt)
    faults.push({ path: 'endAt', message: 'must come after startAt' });
  else if (endAt && endAt <= now) faults.push({ path: 'endAt', message: 'must lie in the future' });
  else if (!nextFireTime(timing, now)) faults.push({ path: 'endAt', message: 'comes before the first fire' });
  return faults;
}
