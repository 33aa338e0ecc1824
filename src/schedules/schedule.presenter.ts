import type { RunStatus } from '../compliance/state/phases.js';
import { type Fire, type Schedule, statusOf } from './schedule.js';
import type { ScheduleDetailDto, ScheduleDto, ScheduleFireDto } from './schedule-view.dto.js';
import { firstTimes } from './timing/cron-times.js';
import { fireTimesOf } from './timing/due-times.js';

const SHOWN_TIMES = 5;

type Statuses = ReadonlyMap<string, RunStatus>;

export function presentSchedule(schedule: Schedule, last: Fire | undefined, statuses: Statuses): ScheduleDto {
  return summaryOf(schedule, last, statuses);
}

function summaryOf(schedule: Schedule, last: Fire | undefined, statuses: Statuses) {
  const path = `/v1/schedules/${schedule.id}`;
  return {
    id: schedule.id,
    name: schedule.name,
    status: statusOf(schedule),
    paused: schedule.paused,
    pauseReason: schedule.pauseReason,
    ownerId: schedule.ownerId,
    definition: schedule.definition,
    version: schedule.definitionVersion,
    sessionId: schedule.sessionId,
    attributes: { ...schedule.attributes },
    cron: schedule.cron,
    timeZone: schedule.timeZone,
    overlap: schedule.overlap,
    catchUpWindowSeconds: schedule.catchUpWindowSeconds,
    jitterSeconds: schedule.jitterSeconds,
    startAt: textOf(schedule.startAt),
    endAt: textOf(schedule.endAt),
    nextFireAt: textOf(schedule.nextFireAt),
    counts: { ...schedule.counts },
    lastOutcome: last ? presentFire(last, statuses) : null,
    createdAt: schedule.createdAt.toISOString(),
    updatedAt: schedule.updatedAt.toISOString(),
    links: { self: path, fires: `${path}/fires` },
  };
}

export function presentScheduleInDetail(
  schedule: Schedule,
  last: Fire | undefined,
  newest: readonly Fire[],
  statuses: Statuses,
): ScheduleDetailDto {
  return {
    ...summaryOf(schedule, last, statuses),
    nextFireTimes: schedule.nextFireAt ? nextTimes(schedule, schedule.nextFireAt) : [],
    lastFires: newest.map((fire) => presentFire(fire, statuses)),
  };
}

export function presentFire(fire: Fire, statuses: Statuses): ScheduleFireDto {
  return {
    id: fire.id,
    scheduleId: fire.scheduleId,
    fireAt: fire.fireAt.toISOString(),
    trigger: fire.trigger,
    outcome: fire.outcome,
    code: fire.code,
    rule: fire.rule,
    count: fire.count,
    untilAt: textOf(fire.untilAt),
    runId: fire.runId,
    runStatus: (fire.runId !== null && statuses.get(fire.runId)) || null,
    createdAt: fire.createdAt.toISOString(),
    settledAt: textOf(fire.settledAt),
  };
}

function nextTimes(schedule: Schedule, first: Date): string[] {
  const times = fireTimesOf(schedule, new Date(first.getTime() - 1));
  return firstTimes(times, SHOWN_TIMES).map((time) => time.toISOString());
}

function textOf(time: Date | null): string | null {
  return time?.toISOString() ?? null;
}
