import { createHash } from 'node:crypto';
import { fireTimesAfter } from './cron-times.js';

/** When a schedule fires. */
export interface Timing {
  readonly id: string;
  readonly cron: string;
  readonly timeZone: string;
  readonly startAt: Date | null;
  readonly endAt: Date | null;
  readonly jitterSeconds: number;
  readonly catchUpWindowSeconds: number;
}

/** What is to be done about the fire times that have come. */
export interface DueTimes {
  /** To be carried out, in order. */
  readonly due: readonly Date[];
  /** Too old to be carried out: how many, and from when to when. */
  readonly missed: { readonly count: number; readonly from: Date; readonly until: Date } | undefined;
  /** The fire time after these; it may have come as well when there are too many for one look. */
  readonly next: Date | undefined;
}

/** Fire times looked at in one go, so that a year of missed minutes keeps no transaction open for long. */
const MAX_AT_ONCE = 2_000;

/** The fire times after an instant that lie between start and end of the schedule. */
export function* fireTimesOf(timing: Omit<Timing, 'id'>, after: Date): Generator<Date, void> {
  const { cron, timeZone, startAt, endAt } = timing;
  // One millisecond less, because a fire at the very start counts.
  const from = startAt && startAt > after ? new Date(startAt.getTime() - 1) : after;
  for (const at of fireTimesAfter(cron, timeZone, from)) {
    if (endAt && at > endAt) return;
    yield at;
  }
}

/** The first fire time after an instant, if there is one before the end. */
export function nextFireTime(timing: Timing, after: Date): Date | undefined {
  return fireTimesOf(timing, after).next().value ?? undefined;
}

/** When a fire time is acted on: later by a part of the jitter that is always the same for it. */
export function wakeTimeOf({ id, jitterSeconds }: Timing, fireAt: Date): Date {
  if (jitterSeconds === 0) return fireAt;
  const drawn = createHash('sha256').update(`${id} ${fireAt.toISOString()}`).digest().readUInt32BE(0);
  return new Date(fireAt.getTime() + (drawn % (jitterSeconds * 1_000 + 1)));
}

/** Sorts the fire times from `first` on that have come into those to be carried out and those missed. */
export function takeDueTimes(timing: Timing, first: Date, now: Date): DueTimes {
  const oldest = now.getTime() - timing.catchUpWindowSeconds * 1_000;
  const due: Date[] = [];
  const missed: Date[] = [];
  let next: Date | undefined;
  for (const at of fireTimesOf(timing, new Date(first.getTime() - 1))) {
    const wakeAt = wakeTimeOf(timing, at);
    if (wakeAt > now || due.length + missed.length === MAX_AT_ONCE) {
      next = at;
      break;
    }
    (wakeAt.getTime() < oldest ? missed : due).push(at);
  }
  const [from] = missed;
  const until = missed.at(-1);
  return { due, missed: from && until ? { count: missed.length, from, until } : undefined, next };
}
