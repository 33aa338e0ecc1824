import { Injectable } from '@nestjs/common';
import { sql } from 'kysely';
import type { Trx } from '../../database/trx.js';

/** A place in the events of a tenant: everything before it was written by transactions that had ended. */
export interface EventPosition {
  readonly transactionId: string;
  readonly runId: string;
  readonly seq: number;
}

/** An event with what its run is. */
export interface CommittedEvent {
  readonly runId: string;
  /** Position in the run's events, from 1, without gaps. */
  readonly seq: number;
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
  readonly createdAt: Date;
  readonly transactionId: string;
  readonly definition: string;
  readonly definitionVersion: number;
  /** Status and phase of the run now, which may be ahead of the event. */
  readonly status: string;
  readonly phase: string;
}

/** How transactions stand: all below `oldest` have ended; none has reached `next`. */
export interface TransactionHorizon {
  readonly oldest: string;
  readonly next: string;
}

/** Reads `workflow_event` over all runs of a tenant. Row-level security of the transaction says whose. */
@Injectable()
export class CommittedEventsRepository {
  async horizon(trx: Trx): Promise<TransactionHorizon> {
    const { rows } = await sql<TransactionHorizon>`
      select pg_snapshot_xmin(pg_current_snapshot())::text as oldest, pg_snapshot_xmax(pg_current_snapshot())::text as next
    `.execute(trx);
    return rows[0] as TransactionHorizon;
  }

  /** Which of the tenants have an event at or behind their position that can be read already. */
  async tenantsWithNews(
    trx: Trx,
    positions: readonly { readonly tenantId: string; readonly transactionId: string }[],
  ): Promise<string[]> {
    const { rows } = await sql<{ tenant_id: string }>`
      select seen.tenant_id
        from unnest(${positions.map((each) => each.tenantId)}::uuid[], ${positions.map((each) => each.transactionId)}::xid8[])
          as seen (tenant_id, transaction_id)
       where exists (
         select from workflow_event event
          where event.tenant_id = seen.tenant_id
            and event.transaction_id >= seen.transaction_id
            and event.transaction_id < pg_snapshot_xmin(pg_current_snapshot()))
          -- A position that no transaction has reached comes from another cluster.
          or seen.transaction_id > pg_snapshot_xmax(pg_current_snapshot())
    `.execute(trx);
    return rows.map((row) => row.tenant_id);
  }

  /** Events behind a position, oldest transaction first, up to a horizon. */
  async readBehind(
    trx: Trx,
    tenantId: string,
    after: EventPosition,
    before: string,
    limit: number,
  ): Promise<CommittedEvent[]> {
    const { rows } = await sql<CommittedEvent>`
      select ${COLUMNS}
        from workflow_event event join workflow_run run on run.id = event.run_id
       where event.tenant_id = ${tenantId}
         and event.transaction_id >= ${after.transactionId}::xid8 and event.transaction_id < ${before}::xid8
         and (event.transaction_id, event.run_id, event.seq) > (${after.transactionId}::xid8, ${after.runId}::uuid, ${after.seq})
       order by event.transaction_id, event.run_id, event.seq
       limit ${limit}
    `.execute(trx);
    return rows;
  }

  /** Events by the time they tell, for the case that transactions cannot be compared. Looks through the whole table. */
  async readSince(trx: Trx, tenantId: string, since: Date): Promise<CommittedEvent[]> {
    const { rows } = await sql<CommittedEvent>`
      select ${COLUMNS}
        from workflow_event event join workflow_run run on run.id = event.run_id
       where event.tenant_id = ${tenantId} and event.created_at >= ${since}
       order by event.created_at, event.run_id, event.seq
    `.execute(trx);
    return rows;
  }
}

const COLUMNS = sql`
  event.run_id as "runId", event.seq, event.type, event.data, event.created_at as "createdAt",
  event.transaction_id::text as "transactionId", run.definition, run.definition_version as "definitionVersion",
  run.status, run.phase`;
