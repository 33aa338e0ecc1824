import { type CronExpression, CronExpressionParser } from 'cron-parser';
import { ZoneClock } from './zone-offset.js';

/** The short forms of crontab(5). */
const SHORT_FORMS: Readonly<Record<string, string>> = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
};

const FIELDS = [
  { name: 'minute', range: '0-59' },
  { name: 'hour', range: '0-23' },
  { name: 'day of month', range: '1-31 or L' },
  { name: 'month', range: '1-12 or JAN-DEC' },
  { name: 'day of week', range: '0-7 or SUN-SAT' },
] as const;

const MAX_LENGTH = 256;
const DAY_MINUTES = 1_440;

/** The five fields of an expression, with a short form written out. */
function fieldsOf(cron: string): string[] {
  const text = cron.trim();
  return (SHORT_FORMS[text.toLowerCase()] ?? text).split(/\s+/);
}

/** What is wrong with a cron expression, in words that do not repeat it; nothing when it can be used. */
export function findCronFault(cron: string): string | undefined {
  const fields = fieldsOf(cron);
  if (cron.length > MAX_LENGTH || fields.length !== FIELDS.length) {
    return 'must have five fields (minute, hour, day of month, month, day of week) or be one of @hourly, @daily, @weekly, @monthly, @yearly';
  }
  for (const [index, field] of FIELDS.entries()) {
    const alone = FIELDS.map((_, at) => (at === index ? fields[index] : '*')).join(' ');
    // H stands for a value drawn at random: another one each time the expression is read.
    const drawn = /h/i.test((fields[index] ?? '').replace(/thu/gi, ''));
    if (drawn || !canParse(alone)) {
      return `has a ${field.name} field that is not valid: it takes ${field.range}, lists (1,2), ranges (1-5) and steps (*/5)`;
    }
  }
  return canFire(fields.join(' ')) ? undefined : 'names a day that no month has, so it would never fire';
}

/** Whether a text names a zone of the IANA database. */
export function isTimeZone(text: string): boolean {
  // An offset such as +01:00 is known to the runtime, but it is no zone: its clocks are never moved.
  if (!/^[A-Za-z][A-Za-z0-9_+-]*(?:\/[A-Za-z0-9_+-]+)*$/.test(text) || text.length > 64) return false;
  try {
    void new Intl.DateTimeFormat('en-US', { timeZone: text });
    return true;
  } catch {
    return false;
  }
}

/** The shortest time between two fires in seconds, on days that follow each other and whose clocks are not moved. */
export function shortestIntervalSeconds(cron: string): number {
  const { minute, hour } = parse(fieldsOf(cron).join(' '), new Date(0)).fields;
  const times = hour.values
    .flatMap((hours) => minute.values.map((minutes) => hours * 60 + minutes))
    .sort((one, other) => one - other);
  const [first = 0] = times;
  const gaps = times.map((time, index) => (times[index + 1] ?? first + DAY_MINUTES) - time);
  return Math.min(...gaps) * 60;
}

/**
 * The fire times after an instant, in order and without end.
 *
 * When clocks are set forward, a time that is left out is met as much later as they are moved, and once. When they
 * are set back, a time that comes twice is met the first time; only an expression for every hour (`*`) is met in both.
 */
export function* fireTimesAfter(cron: string, timeZone: string, after: Date): Generator<Date, void> {
  const zone = new ZoneClock(timeZone);
  const fields = fieldsOf(cron);
  const everyHour = fields[1] === '*' || fields[1] === '?';
  // Counted on clocks that are never moved: what the zone's clocks do is put on top here, the same from any start.
  const walls = parse(fields.join(' '), new Date(zone.earliestWallAfter(after.getTime()) - 1));
  let last = after.getTime();
  const again: number[] = [];
  for (;;) {
    const [first, second] = zone.instantsOf(walls.next().getTime());
    for (let held = again[0]; held !== undefined && held < first; held = again[0]) {
      again.shift();
      if (held > last) yield new Date((last = held));
    }
    if (first > last) yield new Date((last = first));
    if (second !== undefined && everyHour) again.push(second);
  }
}

/** The first of some fire times; less when there are not as many. */
export function firstTimes(times: Iterable<Date>, count: number): Date[] {
  const first: Date[] = [];
  if (count === 0) return first;
  for (const time of times) if (first.push(time) === count) break;
  return first;
}

function parse(fields: string, currentDate: Date): CronExpression {
  return CronExpressionParser.parse(fields, { currentDate, tz: 'UTC' });
}

function canParse(fields: string): boolean {
  try {
    parse(fields, new Date(0));
    return true;
  } catch {
    return false;
  }
}

function canFire(fields: string): boolean {
  try {
    parse(fields, new Date(0)).next();
    return true;
  } catch {
    return false;
  }
}
