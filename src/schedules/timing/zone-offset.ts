const MINUTE_MS = 60_000;
/** Wider than any change of a zone's clocks, and narrower than the time between two of them. */
const AROUND_MS = 24 * 3_600_000;

/**
 * The clocks of an IANA time zone. A wall time is written as the instant at which clocks in UTC would show it, so
 * that it can be counted with.
 */
export class ZoneClock {
  private readonly format: Intl.DateTimeFormat;

  /** @throws RangeError for a zone that is not known. */
  constructor(timeZone: string) {
    this.format = new Intl.DateTimeFormat('en-US', {
      timeZone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
    });
  }

  /** How far the zone's clocks are ahead of UTC, in milliseconds. */
  offsetMs(instant: number): number {
    const minute = Math.floor(instant / MINUTE_MS) * MINUTE_MS;
    const part: Record<string, number> = {};
    for (const { type, value } of this.format.formatToParts(minute)) part[type] = Number(value);
    const { year = 0, month = 1, day = 1, hour = 0, minute: minutes = 0 } = part;
    return Date.UTC(year, month - 1, day, hour, minutes) - minute;
  }

  /** The least wall time that could belong to an instant after this one. */
  earliestWallAfter(instant: number): number {
    const [before, after] = [this.offsetMs(instant - AROUND_MS), this.offsetMs(instant + AROUND_MS)];
    const behind = before === after ? 0 : Math.abs(before - after);
    return instant + Math.min(before, after) - behind;
  }

  /**
   * When the clocks show a wall time: once on most days, twice when they are set back over it (the earlier first).
   * A time that is left out when they are set forward is met as much later as they are moved.
   */
  instantsOf(wall: number): readonly [number] | readonly [number, number] {
    const before = this.offsetMs(wall - AROUND_MS);
    const after = this.offsetMs(wall + AROUND_MS);
    if (before === after) return [wall - before];
    const [first, second] = [wall - before, wall - after];
    const isFirst = this.offsetMs(first) === before;
    const isSecond = this.offsetMs(second) === after;
    if (isFirst && isSecond && first !== second) return [first, second];
    return isSecond && !isFirst ? [second] : [first];
  }
}
