import { Injectable } from '@nestjs/common';
import { sql } from 'kysely';
import type { Trx } from '../database/trx.js';
import type { BatchRowRecord, RowFault, RowStatus } from './batch.js';

/** A row as it is stored after its upload: sealed, or with the reason why it cannot be started. */
export interface NewRow {
  readonly number: number;
  readonly line: number;
  readonly sealed: Buffer | null;
  readonly fault: RowFault | null;
}

export interface FailedRow {
  readonly number: number;
  readonly fault: RowFault;
}

export interface PendingRow {
  readonly number: number;
  readonly sealed: Buffer;
}

/** A row that is not started yet, wherever it stands. */
export interface WaitingRow extends PendingRow {
  readonly batchId: string;
}

const STARTED = ['active', 'waiting', 'ended'];

const COLUMNS = ['batch_id', 'number', 'line', 'state', 'run_id', 'code', 'fault'] as const;

/** The table `batch_row`. */
@Injectable()
export class BatchRowRepository {
  /** One statement however many rows; their bytes travel as one, for a list of them would travel as text. */
  async insert(trx: Trx, tenantId: string, batchId: string, rows: readonly NewRow[]): Promise<void> {
    const bytes = Buffer.concat(rows.flatMap(({ sealed }) => sealed ?? []));
    let end = 0;
    const ends = rows.map(({ sealed }) => (end += sealed?.length ?? 0));
    await sql`
      insert into batch_row (tenant_id, batch_id, number, line, state, sealed, code, fault)
      select ${tenantId}, ${batchId}, number, line, case when code is null then 'pending' else 'failed' end,
             case when code is null then substring(${bytes}::bytea from "end" - length + 1 for length) end, code, fault
      from unnest(${rows.map((row) => row.number)}::int[], ${rows.map((row) => row.line)}::int[],
                  ${ends}::int[], ${rows.map((row) => row.sealed?.length ?? 0)}::int[],
                  ${rows.map((row) => row.fault?.code ?? null)}::text[],
                  ${rows.map((row) => row.fault && saidOf(row.fault))}::jsonb[])
        as row (number, line, "end", length, code, fault)`.execute(trx);
  }

  async deleteAll(trx: Trx, batchId: string): Promise<void> {
    await trx.deleteFrom('batch_row').where('batch_id', '=', batchId).execute();
  }

  /** The next rows to start, from a number on and before another. */
  async pending(
    trx: Trx,
    batchId: string,
    from: number,
    before: number,
    limit: number,
  ): Promise<PendingRow[]> {
    const rows = await trx
      .selectFrom('batch_row')
      .select(['number', 'sealed'])
      .where('batch_id', '=', batchId)
      .where('state', '=', 'pending')
      .where('number', '>=', from)
      .where('number', '<', before)
      .orderBy('number')
      .limit(limit)
      .execute();
    return rows as PendingRow[];
  }

  /** Rows of all batches of the tenant that are not started yet, from a place on. */
  async waiting(
    trx: Trx,
    after: { readonly batchId: string; readonly number: number } | undefined,
    limit: number,
  ): Promise<WaitingRow[]> {
    const { rows } = await sql<WaitingRow>`
      select row.batch_id as "batchId", row.number, row.sealed
      from batch join batch_row row on row.batch_id = batch.id
      where batch.status in ('RECEIVING', 'QUEUED', 'RUNNING') and row.state = 'pending'
        and (${after === undefined} or (row.batch_id, row.number) > (${after?.batchId ?? null}::uuid, ${after?.number ?? 0}::int))
      order by row.batch_id, row.number limit ${limit}`.execute(trx);
    return rows;
  }

  /** Puts other content into a row that is not started yet; false when it is. */
  async reseal(
    trx: Trx,
    { batchId, number }: Pick<WaitingRow, 'batchId' | 'number'>,
    sealed: Buffer,
  ): Promise<boolean> {
    const { numUpdatedRows } = await trx
      .updateTable('batch_row')
      .set({ sealed })
      .where('batch_id', '=', batchId)
      .where('number', '=', number)
      .where('state', '=', 'pending')
      .executeTakeFirst();
    return numUpdatedRows === 1n;
  }

  /** Ties a row to its run and erases it; false when it is not waiting to be started any more. */
  async markStarted(trx: Trx, batchId: string, number: number, runId: string): Promise<boolean> {
    const { numUpdatedRows } = await trx
      .updateTable('batch_row')
      .set({ state: 'active', run_id: runId, sealed: null })
      .where('batch_id', '=', batchId)
      .where('number', '=', number)
      .where('state', '=', 'pending')
      .executeTakeFirst();
    return numUpdatedRows === 1n;
  }

  /** Records why rows were not started, and erases them; gives how many were still waiting for it. */
  async markFailed(trx: Trx, batchId: string, rows: readonly FailedRow[]): Promise<number> {
    const { numAffectedRows } = await sql`
      update batch_row set state = 'failed', sealed = null, code = failed.code, fault = failed.fault
      from unnest(${rows.map((row) => row.number)}::int[], ${rows.map((row) => row.fault.code)}::text[],
                  ${rows.map((row) => saidOf(row.fault))}::jsonb[]) as failed (number, code, fault)
      where batch_row.batch_id = ${batchId} and batch_row.number = failed.number
        and batch_row.state = 'pending'`.execute(trx);
    return Number(numAffectedRows ?? 0);
  }

  /** Gives up and erases every row that is not started yet; gives how many. */
  async giveUp(trx: Trx, batchId: string, fault: RowFault | undefined): Promise<number> {
    const { numUpdatedRows } = await trx
      .updateTable('batch_row')
      .set({
        state: fault ? 'failed' : 'cancelled',
        sealed: null,
        code: fault?.code ?? null,
        fault: fault ? saidOf(fault) : null,
      })
      .where('batch_id', '=', batchId)
      .where('state', '=', 'pending')
      .executeTakeFirst();
    return Number(numUpdatedRows);
  }

  /** Rows from a number on (and before another) that have a run. None of them is looked after yet: all are active. */
  async countStarted(trx: Trx, batchId: string, from: number, before: number): Promise<number> {
    const { count } = await trx
      .selectFrom('batch_row')
      .select(({ fn }) => fn.countAll<number>().as('count'))
      .where('batch_id', '=', batchId)
      .where('state', '=', 'active')
      .where('number', '>=', from)
      .where('number', '<', before)
      .executeTakeFirstOrThrow();
    return count;
  }

  /** Rows whose runs are queued or driven. */
  async countActive(trx: Trx, batchId: string): Promise<number> {
    return this.countStarted(trx, batchId, 0, MAX_NUMBER);
  }

  /**
   * Looks at the runs of up to `limit` started rows in one state and moves on the rows whose runs have: to `waiting` or
   * `ended`. Gives how many have ended in which status, how many were moved, and the last row looked at.
   */
  async follow(
    trx: Trx,
    batchId: string,
    state: 'active' | 'waiting',
    range: { readonly after: number; readonly before: number },
    limit: number,
  ): Promise<{ ended: Record<string, number>; moved: number; last: number | undefined }> {
    const { rows } = await sql<{ state: string | null; status: string | null; count: number; last: number }>`
      with looked as materialized (
        select number, run_id from batch_row
        where batch_id = ${batchId} and state = ${state} and number > ${range.after} and number < ${range.before}
        order by number limit ${limit}
      ), due as materialized (
        select looked.number, run.status,
               case when run.completed_at is null then 'waiting' else 'ended' end as state
        from looked join workflow_run run on run.id = looked.run_id
        where run.completed_at is not null or (${state} = 'active' and run.status not in ('QUEUED', 'RUNNING'))
      ), moved as (
        update batch_row set state = due.state from due
        where batch_row.batch_id = ${batchId} and batch_row.number = due.number and batch_row.state = ${state}
        returning due.state, due.status
      )
      select state, status, count(*)::int as count, 0 as last from moved group by state, status
      union all
      select null, null, 0, max(number) from looked`.execute(trx);
    const last = rows.find((row) => row.state === null)?.last ?? undefined;
    const moved = rows.filter((row) => row.state !== null);
    return {
      ended: Object.fromEntries(
        moved.filter((row) => row.state === 'ended').map((row) => [row.status, row.count]),
      ),
      moved: moved.reduce((sum, row) => sum + row.count, 0),
      last,
    };
  }

  /** How the runs of up to `limit` rows stand that were not seen to have ended. */
  async openRuns(trx: Trx, batchId: string, limit: number): Promise<{ status: string; ended: boolean }[]> {
    return trx
      .selectFrom('batch_row')
      .innerJoin('workflow_run', 'workflow_run.id', 'batch_row.run_id')
      .select([
        'workflow_run.status',
        ({ eb }) => eb('workflow_run.completed_at', 'is not', null).as('ended'),
      ])
      .where('batch_id', '=', batchId)
      .where('state', 'in', ['active', 'waiting'])
      .limit(limit)
      .execute() as Promise<{ status: string; ended: boolean }[]>;
  }

  /** In the order of the upload, after a number. */
  list(
    trx: Trx,
    batchId: string,
    status: RowStatus | undefined,
    after: number,
    limit: number,
  ): Promise<BatchRowRecord[]> {
    let rows = trx
      .selectFrom('batch_row')
      .select(COLUMNS)
      .where('batch_id', '=', batchId)
      .where('number', '>', after)
      .orderBy('number')
      .limit(limit);
    if (status === 'started') rows = rows.where('state', 'in', STARTED);
    else if (status) rows = rows.where('state', '=', status);
    return rows.execute();
  }
}

const MAX_NUMBER = 2_147_483_647;

function saidOf({ detail, errors, violations }: RowFault): string {
  return JSON.stringify({ detail, errors, violations });
}
