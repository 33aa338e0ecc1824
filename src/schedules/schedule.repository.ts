import { Injectable } from '@nestjs/common';
import { type Selectable, sql } from 'kysely';
import type { ScheduleTable } from '../database/tables.js';
import type { Trx } from '../database/trx.js';
import type { FireOutcome, Schedule } from './schedule.js';

/** What of a schedule may be changed. */
export type ScheduleChange = Partial<
  Pick<
    Schedule,
    | 'name'
    | 'definitionVersion'
    | 'sessionId'
    | 'sealedInput'
    | 'attributes'
    | 'cron'
    | 'timeZone'
    | 'overlap'
    | 'catchUpWindowSeconds'
    | 'jitterSeconds'
    | 'startAt'
    | 'endAt'
    | 'paused'
    | 'pauseReason'
    | 'nextFireAt'
    | 'wakeAt'
    | 'deletedAt'
  >
>;

/** A schedule that was not woken, or has a fire to be carried out. */
export interface OverdueSchedule {
  readonly id: string;
  readonly tenantId: string;
}

/** The table `schedule`. Deleted ones are not found. */
@Injectable()
export class ScheduleRepository {
  async insert(trx: Trx, schedule: Schedule): Promise<void> {
    const { id, tenantId, ownerId, definition, createdAt, updatedAt } = schedule;
    const own = { id, tenant_id: tenantId, owner_id: ownerId, definition };
    await trx
      .insertInto('schedule')
      .values({ ...own, ...columnsOf(schedule), created_at: createdAt, updated_at: updatedAt })
      .execute();
  }

  async find(trx: Trx, id: string): Promise<Schedule | undefined> {
    const row = await existing(trx).where('id', '=', id).executeTakeFirst();
    return row && scheduleOf(row);
  }

  /** The schedule, locked until the transaction ends. Its fires are locked after it, never before. */
  async lock(trx: Trx, id: string): Promise<Schedule | undefined> {
    const row = await existing(trx).where('id', '=', id).forUpdate().executeTakeFirst();
    return row && scheduleOf(row);
  }

  /** Newest first; `before` is the id the last page ended with. */
  async list(trx: Trx, limit: number, before: string | undefined): Promise<Schedule[]> {
    let query = existing(trx).orderBy('id', 'desc').limit(limit);
    if (before !== undefined) query = query.where('id', '<', before);
    return (await query.execute()).map(scheduleOf);
  }

  async isNameTaken(trx: Trx, name: string, exceptId: string): Promise<boolean> {
    const row = await existing(trx).where('name', '=', name).where('id', '<>', exceptId).executeTakeFirst();
    return row !== undefined;
  }

  /** How many schedules the tenant has; no other can be added until the transaction ends. */
  async countForAdding(trx: Trx, tenantId: string): Promise<number> {
    await sql`select pg_advisory_xact_lock(hashtextextended(${`schedules of ${tenantId}`}, 0))`.execute(trx);
    const { count } = await trx
      .selectFrom('schedule')
      .select(sql<string>`count(*)`.as('count'))
      .where('deleted_at', 'is', null)
      .executeTakeFirstOrThrow();
    return Number(count);
  }

  async update(trx: Trx, id: string, change: ScheduleChange, at: Date): Promise<void> {
    const values = { ...columnsOf(change), updated_at: at };
    await trx.updateTable('schedule').set(values).where('id', '=', id).execute();
  }

  /** Where the schedule stands after fire times were taken up. */
  async advance(trx: Trx, id: string, nextFireAt: Date | null, wakeAt: Date | null): Promise<void> {
    await trx
      .updateTable('schedule')
      .set({ next_fire_at: nextFireAt, wake_at: wakeAt })
      .where('id', '=', id)
      .execute();
  }

  async addToCount(
    trx: Trx,
    id: string,
    outcome: Exclude<FireOutcome, 'pending' | 'waiting'>,
    by: number,
  ): Promise<void> {
    const column = `${outcome}_count` as const;
    await trx
      .updateTable('schedule')
      .set((eb) => ({ [column]: eb(column, '+', by) }))
      .where('id', '=', id)
      .execute();
  }

  /** Schedules of all tenants that somebody should have woken by `before`, or that have fires to look at. */
  async listOverdue(trx: Trx, before: Date, now: Date, limit: number): Promise<OverdueSchedule[]> {
    const rows = await trx
      .selectFrom('schedule')
      .select(['id', 'tenant_id as tenantId'])
      .where('wake_at', '<', before)
      .union(
        trx
          .selectFrom('schedule_fire')
          .select(['schedule_id as id', 'tenant_id as tenantId'])
          .where('outcome', 'in', ['pending', 'waiting'])
          .where('created_at', '<', before)
          .where((eb) => eb.or([eb('retry_at', 'is', null), eb('retry_at', '<=', now)])),
      )
      .limit(limit)
      .execute();
    return rows;
  }
}

function existing(trx: Trx) {
  return trx.selectFrom('schedule').selectAll().where('deleted_at', 'is', null);
}

/** Kysely leaves out columns that are undefined, so a part of a schedule gives the columns of that part. */
function columnsOf(change: ScheduleChange) {
  const whole = change as Required<ScheduleChange>;
  return {
    name: whole.name,
    definition_version: whole.definitionVersion,
    session_id: whole.sessionId,
    input_sealed: whole.sealedInput,
    attributes: change.attributes && JSON.stringify(change.attributes),
    cron: whole.cron,
    time_zone: whole.timeZone,
    overlap: whole.overlap,
    catch_up_window_seconds: whole.catchUpWindowSeconds,
    jitter_seconds: whole.jitterSeconds,
    start_at: whole.startAt,
    end_at: whole.endAt,
    paused: whole.paused,
    pause_reason: whole.pauseReason,
    next_fire_at: whole.nextFireAt,
    wake_at: whole.wakeAt,
    deleted_at: whole.deletedAt,
  };
}

function scheduleOf(row: Selectable<ScheduleTable>): Schedule {
  return {
    id: row.id,
    tenantId: row.tenant_id,
    name: row.name,
    ownerId: row.owner_id,
    definition: row.definition,
    definitionVersion: row.definition_version,
    sessionId: row.session_id,
    sealedInput: row.input_sealed,
    attributes: row.attributes,
    cron: row.cron,
    timeZone: row.time_zone,
    overlap: row.overlap,
    catchUpWindowSeconds: row.catch_up_window_seconds,
    jitterSeconds: row.jitter_seconds,
    startAt: row.start_at,
    endAt: row.end_at,
    paused: row.paused,
    pauseReason: row.pause_reason,
    nextFireAt: row.next_fire_at,
    wakeAt: row.wake_at,
    counts: {
      started: row.started_count,
      skipped: row.skipped_count,
      missed: row.missed_count,
      denied: row.denied_count,
    },
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    deletedAt: row.deleted_at,
  };
}
