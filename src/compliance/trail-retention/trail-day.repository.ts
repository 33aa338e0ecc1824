import { Injectable } from '@nestjs/common';
import { sql } from 'kysely';
import type { Trx } from '../../database/trx.js';

/** What of a day may go at this moment, of one tenant. */
export interface DueEvents {
  readonly tenantId: string;
  readonly dropped: number;
  readonly kept: number;
  /** Places of the log that go, as Postgres writes a multirange; null where nothing goes. */
  readonly gaps: string | null;
  /** Places of the events of the day: the first, and the one behind the last. */
  readonly firstIndex: number | null;
  readonly endIndex: number | null;
  /** Whether the day has been counted for reports. */
  readonly isCounted: boolean;
}

/** Days of the trail, and what of them is due. For transactions of `withRetention`; the functions decide for all tenants. */
@Injectable()
export class TrailDayRepository {
  /** Whether the pass is ours until the transaction ends. */
  async tryLock(trx: Trx): Promise<boolean> {
    const { rows } = await sql<{ ours: boolean }>`
      select pg_try_advisory_xact_lock(hashtext('countersign'), hashtext('trail_retention')) as ours`.execute(
      trx,
    );
    return rows[0]?.ours === true;
  }

  /**
   * Days that something may be due of: a class has come to its end since they were last looked at, or a policy was
   * changed, or that look is a week ago, for what holds and runs have kept.
   */
  async daysToLookAt(trx: Trx): Promise<string[]> {
    const { rows } = await sql<{ day: string }>`
      with period as (
        select default_days as days from audit_retention_class
        union select retention_days from audit_retention_policy where retention_days > 0
      ), part as (
        select to_date(right(relname, 8), 'YYYYMMDD') as day, (now() at time zone 'UTC')::date as today
          from pg_inherits join pg_class on pg_class.oid = inhrelid
         where inhparent = 'audit_event'::regclass and relname ~ '^audit_event_\\d{8}$'
      )
      select to_char(part.day, 'YYYY-MM-DD') as day
        from part left join audit_day_look look on look.day = part.day
       where exists (select from period
         where part.day + 1 + period.days <= part.today and (
           look.day is null or look.looked_on <= part.today - 7 or part.day + 1 + period.days > look.looked_on
           or exists (select from audit_retention_policy where updated_at >= look.looked_on)))
       order by part.day
    `.execute(trx);
    return rows.map(({ day }) => day);
  }

  async due(trx: Trx, day: string): Promise<DueEvents[]> {
    const { rows } = await sql<DueEvents>`
      select tenant_id as "tenantId", dropped, kept, gaps::text as gaps, first_index as "firstIndex",
             end_index as "endIndex", is_counted as "isCounted"
        from due_audit_events(${day}::date) order by tenant_id
    `.execute(trx);
    return rows;
  }

  async noteLook(trx: Trx, day: string): Promise<void> {
    await sql`
      insert into audit_day_look (day, looked_on) values (${day}::date, (now() at time zone 'UTC')::date)
      on conflict (day) do update set looked_on = excluded.looked_on`.execute(trx);
  }

  /**
   * Takes out of a day what is due. Recording stands still for the moment in which the day is replaced, and nobody is
   * kept waiting for longer than that.
   *
   * @param records ids of the events that say so, one a tenant, written by this transaction.
   * @throws the database's `55P03` when the trail could not be had in time.
   */
  async retire(trx: Trx, day: string, records: readonly string[], waitMs: number): Promise<number> {
    // A large day takes longer to copy than a statement usually may.
    await sql
      .raw(`set local lock_timeout = ${Math.floor(waitMs)}; set local statement_timeout = '1h'`)
      .execute(trx);
    const { rows } = await sql<{ retired: number }>`
      select retire_audit_day(${day}::date, ${records}::uuid[]) as retired`.execute(trx);
    return rows[0]?.retired ?? 0;
  }
}
