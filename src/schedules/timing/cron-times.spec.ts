import { describe, expect, it } from 'vitest';
import {
  findCronFault,
  fireTimesAfter,
  firstTimes,
  isTimeZone,
  shortestIntervalSeconds,
} from './cron-times.js';

const times = (cron: string, after: string, count: number, timeZone = 'Europe/Berlin') =>
  firstTimes(fireTimesAfter(cron, timeZone, new Date(after)), count).map((time) =>
    time.toISOString().replace(':00.000Z', 'Z'),
  );

describe('fire times when clocks are set forward (Europe/Berlin, 2026-03-29: 02:00 becomes 03:00)', () => {
  it('meet a time that is left out an hour later, once, and no other day', () => {
    expect(times('30 2 * * *', '2026-03-28T00:00:00Z', 3)).toEqual([
      '2026-03-28T01:30Z',
      '2026-03-29T01:30Z',
      '2026-03-30T00:30Z',
    ]);
  });

  it('meet once what falls together', () => {
    expect(times('30 2,3 * * *', '2026-03-28T12:00:00Z', 3)).toEqual([
      '2026-03-29T01:30Z',
      '2026-03-30T00:30Z',
      '2026-03-30T01:30Z',
    ]);
  });

  it('go on every hour', () => {
    expect(times('0 * * * *', '2026-03-28T23:30:00Z', 3)).toEqual([
      '2026-03-29T00:00Z',
      '2026-03-29T01:00Z',
      '2026-03-29T02:00Z',
    ]);
  });
});

describe('fire times when clocks are set back (Europe/Berlin, 2026-10-25: 03:00 becomes 02:00)', () => {
  it('meet a time that comes twice the first time only', () => {
    expect(times('30 2 * * *', '2026-10-24T12:00:00Z', 2)).toEqual([
      '2026-10-25T00:30Z',
      '2026-10-26T01:30Z',
    ]);
  });

  it('do not meet it again when asked in between', () => {
    expect(times('30 2 * * *', '2026-10-25T01:10:00Z', 1)).toEqual(['2026-10-26T01:30Z']);
  });

  it('go on every hour, in both of the hours that have the same name', () => {
    expect(times('*/30 * * * *', '2026-10-25T00:15:00Z', 5)).toEqual([
      '2026-10-25T00:30Z',
      '2026-10-25T01:00Z',
      '2026-10-25T01:30Z',
      '2026-10-25T02:00Z',
      '2026-10-25T02:30Z',
    ]);
  });
});

describe('fire times', () => {
  it('are the same from wherever one starts to look', () => {
    const zones = [
      'Europe/Berlin',
      'America/New_York',
      'Australia/Lord_Howe',
      'Africa/Cairo',
      'America/Havana',
    ];
    const crons = [
      '30 2 * * *',
      '*/15 2 * * *',
      '0 */2 * * *',
      '30 0,1,3 * * *',
      '*/20 * * * *',
      '15 2 * * 0',
    ];
    const spans = [
      ['2026-03-05', '2026-04-28'],
      ['2026-10-01', '2026-11-04'],
    ] as const;
    for (const zone of zones) {
      for (const cron of crons) {
        for (const [from, until] of spans) {
          const [start, end] = [Date.parse(from), Date.parse(until)];
          const all: number[] = [];
          for (const time of fireTimesAfter(cron, zone, new Date(start))) {
            if (all.push(time.getTime()) && time.getTime() > end) break;
          }
          for (let at = start, index = 0; at < end - 8 * 86_400_000; at += 197 * 60_000) {
            while ((all[index] ?? 0) <= at) index++;
            const next = fireTimesAfter(cron, zone, new Date(at)).next().value?.getTime();
            expect([zone, cron, at, next]).toEqual([zone, cron, at, all[index]]);
          }
        }
      }
    }
  });

  it('know zones whose clocks move by half an hour', () => {
    expect(times('15 2 * * *', '2026-10-02T16:00:00Z', 2, 'Australia/Lord_Howe')).toEqual([
      '2026-10-03T15:45Z',
      '2026-10-04T15:15Z',
    ]);
  });

  it('of a leap day come every four years', () => {
    expect(times('0 0 29 2 *', '2026-01-01T00:00:00Z', 2, 'UTC')).toEqual([
      '2028-02-29T00:00Z',
      '2032-02-29T00:00Z',
    ]);
  });
});

describe('a cron expression', () => {
  it.each([
    '* * * * *',
    '0 9 * * MON-FRI',
    '*/5 8-18 * * 1,3,5',
    '0 0 L * *',
    '0 0 * * 1#2',
    '@daily',
    '0 0 * * thu',
  ])('may be %s', (cron) => {
    expect(findCronFault(cron)).toBeUndefined();
  });

  it.each([
    ['', 'must have five fields'],
    ['* * * *', 'must have five fields'],
    ['0 * * * * *', 'must have five fields'],
    ['@reboot', 'must have five fields'],
    ['60 * * * *', 'minute field'],
    ['H * * * *', 'minute field'],
    ['0 24 * * *', 'hour field'],
    ['0 0 32 * *', 'day of month field'],
    ['0 0 1 13 *', 'month field'],
    ['0 0 * * MOON', 'day of week field'],
    ['0 0 30 2 *', 'would never fire'],
    [`0 0 ${'1,'.repeat(200)}1 * *`, 'must have five fields'],
  ])('is refused as %j, and told where it is wrong', (cron, words) => {
    expect(findCronFault(cron)).toContain(words);
  });

  it.each([
    ['* * * * *', 60],
    ['0,59 * * * *', 60],
    ['0,30 9 * * *', 1_800],
    ['0 0,23 * * *', 3_600],
    ['0 9 * * 1', 86_400],
  ])('%s leaves at least %i seconds', (cron, seconds) => {
    expect(shortestIntervalSeconds(cron)).toBe(seconds);
  });
});

describe('a time zone', () => {
  it.each(['UTC', 'Europe/Berlin', 'America/Argentina/Buenos_Aires', 'Etc/GMT+5'])('may be %s', (zone) => {
    expect(isTimeZone(zone)).toBe(true);
  });

  it.each(['', 'local', '+01:00', 'UTC+3', 'Mars/Olympus', 'Europe/Berlin ', '../etc/localtime'])(
    'is not %j',
    (zone) => {
      expect(isTimeZone(zone)).toBe(false);
    },
  );
});
