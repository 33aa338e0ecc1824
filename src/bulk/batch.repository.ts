import { Injectable } from '@nestjs/common';
import { type Insertable, type Updateable, sql } from 'kysely';
import type { BatchTable } from '../database/tables.js';
import type { Trx } from '../database/trx.js';
import type { BatchRecord, BatchStatus } from './batch.js';

type Counter =
  | 'rows_started'
  | 'rows_failed'
  | 'rows_cancelled'
  | 'runs_completed'
  | 'runs_failed'
  | 'runs_rejected'
  | 'runs_cancelled';

/** Whose idempotency key it is; `key` is a keyed hash of what the client sent. */
export interface BatchKey {
  readonly ownerId: string;
  readonly key: string;
}

/** The table `batch`. */
@Injectable()
export class BatchRepository {
  /** Whether the batch is new; false when another one stands under its idempotency key. */
  async insert(trx: Trx, batch: Insertable<BatchTable>): Promise<boolean> {
    const row = await trx
      .insertInto('batch')
      .values(batch)
      .onConflict((conflict) =>
        conflict
          .columns(['tenant_id', 'owner_id', 'idempotency_key'])
          .where('idempotency_key', 'is not', null)
          .doNothing(),
      )
      .returning('id')
      .executeTakeFirst();
    return row !== undefined;
  }

  async find(trx: Trx, id: string): Promise<BatchRecord | undefined> {
    return recordOf(await trx.selectFrom('batch').selectAll().where('id', '=', id).executeTakeFirst());
  }

  /** The batch, locked until the transaction ends. Whoever changes rows as well locks their batch first. */
  async lock(trx: Trx, id: string): Promise<BatchRecord | undefined> {
    return recordOf(
      await trx.selectFrom('batch').selectAll().where('id', '=', id).forUpdate().executeTakeFirst(),
    );
  }

  async lockByKey(trx: Trx, { ownerId, key }: BatchKey): Promise<BatchRecord | undefined> {
    return recordOf(
      await trx
        .selectFrom('batch')
        .selectAll()
        .where('owner_id', '=', ownerId)
        .where('idempotency_key', '=', key)
        .forUpdate()
        .executeTakeFirst(),
    );
  }

  /** Newest first; `before` is the id of the last batch already seen. */
  async list(
    trx: Trx,
    status: BatchStatus | undefined,
    limit: number,
    before?: string,
  ): Promise<BatchRecord[]> {
    let rows = trx.selectFrom('batch').selectAll().orderBy('id', 'desc').limit(limit);
    if (status) rows = rows.where('status', '=', status);
    if (before) rows = rows.where('id', '<', before);
    return (await rows.execute()) as BatchRecord[];
  }

  /** Changes a batch, adding to its counters; false unless it is (still) in this status. */
  async change(
    trx: Trx,
    id: string,
    status: BatchStatus,
    set: Updateable<BatchTable>,
    add: Partial<Record<Counter, number>> = {},
  ): Promise<boolean> {
    const sums = Object.entries(add).map(([column, number]) => [
      column,
      sql`${sql.ref(column)} + ${number}::int`,
    ]);
    const { numUpdatedRows } = await trx
      .updateTable('batch')
      .set({ ...set, ...Object.fromEntries(sums) })
      .where('id', '=', id)
      .where('status', '=', status)
      .executeTakeFirst();
    return numUpdatedRows === 1n;
  }

  /** Ends a turn of a batch; false when somebody else has ended it. */
  async endTurn(trx: Trx, id: string, turn: number): Promise<boolean> {
    const { numUpdatedRows } = await trx
      .updateTable('batch')
      .set({ turn: turn + 1 })
      .where('id', '=', id)
      .where('turn', '=', turn)
      .executeTakeFirst();
    return numUpdatedRows === 1n;
  }

  /** Uploads that nothing was heard of since a moment, of all tenants. */
  lost(trx: Trx, since: Date, limit: number): Promise<{ id: string; tenant_id: string }[]> {
    return trx
      .selectFrom('batch')
      .select(['id', 'tenant_id'])
      .where('status', '=', 'RECEIVING')
      .where('touched_at', '<', since)
      .limit(limit)
      .execute();
  }
}

function recordOf(row: unknown): BatchRecord | undefined {
  return row as BatchRecord | undefined;
}
