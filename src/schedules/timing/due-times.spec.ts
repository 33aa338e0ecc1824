import { describe, expect, it } from 'vitest';
import { nextFireTime, takeDueTimes, type Timing, wakeTimeOf } from './due-times.js';

const HOURLY: Timing = {
  id: '01a1fc06-1808-77d4-b36c-c83158f06c55',
  cron: '0 * * * *',
  timeZone: 'UTC',
  startAt: null,
  endAt: null,
  jitterSeconds: 0,
  catchUpWindowSeconds: 60,
};
const at = (time: string) => new Date(`2030-01-01T${time}Z`);

describe('fire times that have come', () => {
  it('are carried out when they are no older than the window', () => {
    const times = takeDueTimes(HOURLY, at('08:00:00'), at('08:01:00'));
    expect(times).toEqual({ due: [at('08:00:00')], missed: undefined, next: at('09:00:00') });
  });

  it('are missed when they are older, and counted', () => {
    const times = takeDueTimes(HOURLY, at('08:00:00'), at('12:00:30'));
    expect(times.due).toEqual([at('12:00:00')]);
    expect(times.missed).toEqual({ count: 4, from: at('08:00:00'), until: at('11:00:00') });
    expect(times.next).toEqual(at('13:00:00'));
  });

  it('are all carried out within a window that is long enough', () => {
    const times = takeDueTimes({ ...HOURLY, catchUpWindowSeconds: 7_200 }, at('08:00:00'), at('10:00:00'));
    expect(times.due).toEqual([at('08:00:00'), at('09:00:00'), at('10:00:00')]);
  });

  it('are none before their time, whatever woke the schedule', () => {
    const times = takeDueTimes(HOURLY, at('08:00:00'), at('07:59:59'));
    expect(times).toEqual({ due: [], missed: undefined, next: at('08:00:00') });
  });

  it('end with the schedule', () => {
    const ending = { ...HOURLY, endAt: at('09:00:00') };
    expect(takeDueTimes(ending, at('09:00:00'), at('09:00:10'))).toEqual({
      due: [at('09:00:00')],
      missed: undefined,
      next: undefined,
    });
    expect(nextFireTime(ending, at('09:00:00'))).toBeUndefined();
  });

  it('begin with it, a fire at the very start included', () => {
    expect(nextFireTime({ ...HOURLY, startAt: at('11:00:00') }, at('08:30:00'))).toEqual(at('11:00:00'));
    expect(nextFireTime({ ...HOURLY, startAt: at('11:00:01') }, at('08:30:00'))).toEqual(at('12:00:00'));
  });

  it('of years are taken in parts', () => {
    const first = at('00:00:00');
    const now = new Date(first.getTime() + 400 * 86_400_000);
    const part = takeDueTimes(HOURLY, first, now);
    expect(part.missed?.count).toBe(2_000);
    expect(part.next).toEqual(new Date(first.getTime() + 2_000 * 3_600_000));
  });
});

describe('jitter', () => {
  const jittery = { ...HOURLY, jitterSeconds: 600 };

  it('puts a fire off by the same time whoever asks, and never beyond its bound', () => {
    const delays = Array.from({ length: 24 }, (_, hour) => {
      const fireAt = at(`${String(hour).padStart(2, '0')}:00:00`);
      expect(wakeTimeOf(jittery, fireAt)).toEqual(wakeTimeOf(jittery, fireAt));
      return wakeTimeOf(jittery, fireAt).getTime() - fireAt.getTime();
    });
    expect(Math.min(...delays)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...delays)).toBeLessThanOrEqual(600_000);
    expect(new Set(delays).size).toBeGreaterThan(20);
  });

  it('does not count against the window', () => {
    const fireAt = at('08:00:00');
    const wakeAt = wakeTimeOf(jittery, fireAt);
    expect(takeDueTimes(jittery, fireAt, new Date(wakeAt.getTime() + 60_000)).due).toEqual([fireAt]);
    expect(takeDueTimes(jittery, fireAt, new Date(wakeAt.getTime() + 60_001)).due).toEqual([]);
    expect(takeDueTimes(jittery, fireAt, new Date(wakeAt.getTime() - 1)).next).toEqual(fireAt);
  });
});
