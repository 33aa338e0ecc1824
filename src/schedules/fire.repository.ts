import { Injectable } from '@nestjs/common';
import { type Selectable, sql } from 'kysely';
import type { ScheduleFireTable } from '../database/tables.js';
import type { Trx } from '../database/trx.js';
import type { Fire, FireOutcome } from './schedule.js';

/** What a fire ends as. */
export interface FireEnd {
  readonly outcome: Exclude<FireOutcome, 'pending' | 'waiting'>;
  readonly code?: string;
  /** The rule of the compliance gate that denied. */
  readonly rule?: string;
  readonly runId?: string;
}

export type NewFire = Pick<
  Fire,
  'id' | 'tenantId' | 'scheduleId' | 'fireAt' | 'trigger' | 'overlap' | 'createdAt'
>;

/** Fires that can still be carried out when they are asked for again: no run came of them. */
const REPEATABLE = ['skipped', 'missed', 'denied'] as const;
/** The protocol takes 65,535 parameters in a statement. */
const ROWS_AT_ONCE = 1_000;

const OPEN = ['pending', 'waiting'] as const;

/** The table `schedule_fire`. */
@Injectable()
export class FireRepository {
  /** Adds pending fires; a fire time that has its row already is left as it is. Gives how many were added. */
  async add(trx: Trx, fires: readonly NewFire[]): Promise<number> {
    if (fires.length === 0) return 0;
    const rows = await trx
      .insertInto('schedule_fire')
      .values(fires.map(rowOf))
      .onConflict((conflict) => conflict.columns(['schedule_id', 'fire_at']).doNothing())
      .returning('id')
      .execute();
    return rows.length;
  }

  /** As {@link add}, and puts fires of which no run came to be carried out again. Gives how many there are now. */
  async addOrRepeat(trx: Trx, fires: readonly NewFire[]): Promise<number> {
    let count = 0;
    for (let start = 0; start < fires.length; start += ROWS_AT_ONCE) {
      count += await this.addOrRepeatSome(trx, fires.slice(start, start + ROWS_AT_ONCE));
    }
    return count;
  }

  private async addOrRepeatSome(trx: Trx, fires: readonly NewFire[]): Promise<number> {
    const rows = await trx
      .insertInto('schedule_fire')
      .values(fires.map(rowOf))
      .onConflict((conflict) =>
        conflict
          .columns(['schedule_id', 'fire_at'])
          .doUpdateSet((eb) => ({
            trigger: eb.ref('excluded.trigger'),
            overlap: eb.ref('excluded.overlap'),
            outcome: 'pending',
            code: null,
            rule: null,
            fire_count: 1,
            until_at: null,
            attempts: 0,
            retry_at: null,
            settled_at: null,
          }))
          .where('schedule_fire.outcome', 'in', REPEATABLE),
      )
      .returning('id')
      .execute();
    return rows.length;
  }

  /** One row for fire times that were missed. */
  async addMissed(trx: Trx, first: NewFire, count: number, until: Date): Promise<void> {
    await trx
      .insertInto('schedule_fire')
      .values({
        ...rowOf(first),
        outcome: 'missed',
        code: 'MISSED',
        fire_count: count,
        until_at: until,
        settled_at: first.createdAt,
      })
      .onConflict((conflict) => conflict.columns(['schedule_id', 'fire_at']).doNothing())
      .execute();
  }

  /** The fire that waits for the run before it. */
  async findWaiting(trx: Trx, scheduleId: string): Promise<Fire | undefined> {
    const row = await of(trx, scheduleId).where('outcome', '=', 'waiting').executeTakeFirst();
    return row && fireOf(row);
  }

  /** The oldest fire that is to be carried out now. */
  async findPending(trx: Trx, scheduleId: string, now: Date): Promise<Fire | undefined> {
    const row = await of(trx, scheduleId)
      .where('outcome', '=', 'pending')
      .where((eb) => eb.or([eb('retry_at', 'is', null), eb('retry_at', '<=', now)]))
      .orderBy('fire_at')
      .limit(1)
      .executeTakeFirst();
    return row && fireOf(row);
  }

  /** Every fire without an outcome. */
  async listOpen(trx: Trx, scheduleId: string): Promise<Fire[]> {
    return (await of(trx, scheduleId).where('outcome', 'in', OPEN).orderBy('id').execute()).map(fireOf);
  }

  /** Newest first; `before` is the id the last page ended with. */
  async list(trx: Trx, scheduleId: string, limit: number, before: string | undefined): Promise<Fire[]> {
    let query = of(trx, scheduleId).orderBy('id', 'desc').limit(limit);
    if (before !== undefined) query = query.where('id', '<', before);
    return (await query.execute()).map(fireOf);
  }

  /** The fire of each schedule that was settled last. */
  async findLast(trx: Trx, scheduleIds: readonly string[]): Promise<Map<string, Fire>> {
    if (scheduleIds.length === 0) return new Map();
    const { rows } = await sql<Selectable<ScheduleFireTable>>`
      select last.* from unnest(${[...scheduleIds]}::uuid[]) as wanted (id)
      cross join lateral (
        select * from schedule_fire where schedule_id = wanted.id and settled_at is not null
        order by settled_at desc, id desc limit 1
      ) as last`.execute(trx);
    return new Map(rows.map((row) => [row.schedule_id, fireOf(row)]));
  }

  /** Runs that were started and have not been seen to end, newest first. */
  async listRunsNotEnded(trx: Trx, scheduleId: string, limit: number): Promise<string[]> {
    const rows = await trx
      .selectFrom('schedule_fire')
      .select('run_id')
      .where('schedule_id', '=', scheduleId)
      .where('outcome', '=', 'started')
      .where('run_ended', '=', false)
      .orderBy('id', 'desc')
      .limit(limit)
      .execute();
    return rows.flatMap((row) => row.run_id ?? []);
  }

  async noteEnded(trx: Trx, scheduleId: string, runIds: readonly string[]): Promise<void> {
    if (runIds.length === 0) return;
    await trx
      .updateTable('schedule_fire')
      .set({ run_ended: true })
      .where('schedule_id', '=', scheduleId)
      .where('run_id', 'in', runIds)
      .execute();
  }

  /** Counts an attempt, so that a fire that cannot be carried out is given up one day. */
  async noteAttempt(trx: Trx, id: string): Promise<void> {
    await trx
      .updateTable('schedule_fire')
      .set((eb) => ({ attempts: eb('attempts', '+', 1) }))
      .where('id', '=', id)
      .execute();
  }

  async setWaiting(trx: Trx, id: string): Promise<void> {
    await trx.updateTable('schedule_fire').set({ outcome: 'waiting' }).where('id', '=', id).execute();
  }

  async postpone(trx: Trx, id: string, retryAt: Date): Promise<void> {
    await trx.updateTable('schedule_fire').set({ retry_at: retryAt }).where('id', '=', id).execute();
  }

  /** Ends an open fire. False when it has an outcome already: somebody else has carried it out. */
  async settle(trx: Trx, id: string, end: FireEnd, at: Date): Promise<boolean> {
    const row = await trx
      .updateTable('schedule_fire')
      .set({
        outcome: end.outcome,
        code: end.code ?? null,
        rule: end.rule ?? null,
        run_id: end.runId ?? null,
        settled_at: at,
      })
      .where('id', '=', id)
      .where('outcome', 'in', OPEN)
      .returning('id')
      .executeTakeFirst();
    return row !== undefined;
  }
}

function of(trx: Trx, scheduleId: string) {
  return trx.selectFrom('schedule_fire').selectAll().where('schedule_id', '=', scheduleId);
}

function rowOf(fire: NewFire) {
  return {
    id: fire.id,
    tenant_id: fire.tenantId,
    schedule_id: fire.scheduleId,
    fire_at: fire.fireAt,
    trigger: fire.trigger,
    overlap: fire.overlap,
    outcome: 'pending' as const,
    code: null,
    rule: null,
    until_at: null,
    run_id: null,
    retry_at: null,
    created_at: fire.createdAt,
    settled_at: null,
  };
}

function fireOf(row: Selectable<ScheduleFireTable>): Fire {
  return {
    id: row.id,
    tenantId: row.tenant_id,
    scheduleId: row.schedule_id,
    fireAt: row.fire_at,
    trigger: row.trigger,
    overlap: row.overlap,
    outcome: row.outcome,
    code: row.code,
    rule: row.rule,
    count: row.fire_count,
    untilAt: row.until_at,
    runId: row.run_id,
    attempts: row.attempts,
    retryAt: row.retry_at,
    createdAt: row.created_at,
    settledAt: row.settled_at,
  };
}
