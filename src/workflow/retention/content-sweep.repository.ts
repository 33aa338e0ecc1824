import { Injectable } from '@nestjs/common';
import { sql } from 'kysely';
import type { Trx } from '../../database/trx.js';

/** Removes contents that nothing refers to any more. For transactions of `withRetention`. */
@Injectable()
export class ContentSweepRepository {
  /** Whether somebody holds a lock on the contents that a sweep would wait for, as an autovacuum does. */
  async isBusy(trx: Trx): Promise<boolean> {
    const { rows } = await sql<{ busy: boolean }>`
      select exists (
        select from pg_locks
        where locktype = 'relation' and relation = 'content'::regclass and granted
          and database = (select oid from pg_database where datname = current_database())
          and mode in ('ShareUpdateExclusiveLock', 'ShareLock', 'ShareRowExclusiveLock', 'AccessExclusiveLock')
      ) as busy`.execute(trx);
    return rows[0]?.busy === true;
  }

  /**
   * Keeps writers out until the transaction ends. Whoever has stored a content holds a lock of the table until its
   * commit, even where the content was there already; so once this lock is had, every reference is to be seen.
   *
   * @throws the database's `55P03` (lock_not_available) after the waiting time.
   */
  async lockContents(trx: Trx, waitMs: number): Promise<void> {
    await sql.raw(`set local lock_timeout = ${Math.floor(waitMs)}`).execute(trx);
    await sql`lock table content in share row exclusive mode`.execute(trx);
  }

  /** Takes noted contents off the list, and away where nothing refers to them. */
  async sweep(trx: Trx, limit: number): Promise<{ looked: number; removed: number }> {
    const { rows } = await sql<{ looked: number; removed: number }>`
      with batch as materialized (select tenant_id, hash from content_orphan limit ${limit}),
      gone as (
        delete from content using batch
        where content.tenant_id = batch.tenant_id and content.hash = batch.hash
          and not exists (select from workflow_step step where step.output_hash = batch.hash)
          and not exists (select from artifact where artifact.content_hash = batch.hash)
          and not exists (select from workflow_run run where run.input_hash = batch.hash)
          and not exists (select from workflow_run run where run.output_hash = batch.hash)
        returning 1
      ),
      looked as (
        delete from content_orphan using batch
        where content_orphan.tenant_id = batch.tenant_id and content_orphan.hash = batch.hash
        returning 1
      )
      select (select count(*)::int from looked) as looked, (select count(*)::int from gone) as removed`.execute(
      trx,
    );
    return rows[0] ?? { looked: 0, removed: 0 };
  }
}
