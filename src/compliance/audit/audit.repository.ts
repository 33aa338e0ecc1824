import { Injectable } from '@nestjs/common';
import { sql } from 'kysely';
import { statementOf } from '../../database/statement.js';
import type { Trx } from '../../database/trx.js';
import { within } from '../../database/within.js';
import type { AuditRecord } from './audit-leaf.js';
import type { ChainLink } from './chain-follower.js';
import { auditPart } from './audit-rows.js';

/** What a reader may ask the trail for. */
export interface AuditQuery {
  readonly workflowId?: string;
  readonly sessionId?: string;
  readonly actor?: string;
  readonly type?: string;
  readonly from?: Date;
  readonly to?: Date;
}

export interface AuditRow {
  readonly id: string;
  readonly type: string;
  readonly outcome: string;
  readonly occurred_at: Date;
  readonly actor_type: string;
  readonly actor_ref: string;
  readonly session_id: string | null;
  readonly run_id: string | null;
  readonly run_seq: number | null;
  readonly run_prev: Buffer | null;
  readonly leaf: Buffer;
  readonly leaf_hash: Buffer;
}

const COLUMNS = [
  'id',
  'type',
  'outcome',
  'occurred_at',
  'actor_type',
  'actor_ref',
  'session_id',
  'run_id',
  'run_seq',
  'run_prev',
  'leaf',
  'leaf_hash',
] as const;

/** Columns of an event, null where it is gone. */
type MaybeGone = { readonly [K in keyof AuditRow]: AuditRow[K] | null };

export type SealedRow = MaybeGone & {
  readonly index: number;
  readonly event_id: string;
  readonly sealed_hash: Buffer;
};

export type PendingRow = MaybeGone & { readonly seq: number; readonly event_id: string };

/** A run that remembers another end of its chain than the trail has. */
export interface CutRun {
  readonly id: string;
  readonly remembered: number;
  readonly found: number;
}

@Injectable()
export class AuditRepository {
  async insert(trx: Trx, records: readonly AuditRecord[]): Promise<void> {
    await within(trx)(statementOf('audit', [auditPart(records)], 'select 1'));
  }

  /** Newest first; `before` is the id of the last row already seen. */
  list(trx: Trx, query: AuditQuery, limit: number, before?: string): Promise<AuditRow[]> {
    let rows = trx.selectFrom('audit_event').select(COLUMNS).orderBy('id', 'desc').limit(limit);
    if (query.workflowId) rows = rows.where('run_id', '=', query.workflowId);
    if (query.sessionId) rows = rows.where('session_id', '=', query.sessionId);
    if (query.actor) rows = rows.where('actor_ref', '=', query.actor);
    if (query.type) rows = rows.where('type', '=', query.type);
    if (query.from) rows = rows.where('occurred_at', '>=', query.from);
    if (query.to) rows = rows.where('occurred_at', '<', query.to);
    if (before) rows = rows.where('id', '<', before);
    return rows.execute();
  }

  /** Places of the log with their events, a page at a time. An event that is gone leaves its columns empty. */
  async sealedPage(trx: Trx, tenantId: string, from: number, limit: number): Promise<SealedRow[]> {
    const { rows } = await sql<SealedRow>`
      select place.index, place.event_id, place.leaf_hash as sealed_hash, ${EVENT_COLUMNS}
        from (select * from audit_index where tenant_id = ${tenantId} and index >= ${from} order by index limit ${limit}) place
        left join audit_event event on (event.tenant_id, event.id, event.occurred_at) = (place.tenant_id, place.event_id, place.occurred_at)
       order by place.index
    `.execute(trx);
    return rows;
  }

  /** Events that wait for a place, in their order. */
  async pendingPage(trx: Trx, tenantId: string, afterSeq: number, limit: number): Promise<PendingRow[]> {
    const { rows } = await sql<PendingRow>`
      select pending.seq, pending.event_id, ${EVENT_COLUMNS}
        from (select * from audit_pending where tenant_id = ${tenantId} and seq > ${afterSeq} order by seq limit ${limit}) pending
        left join audit_event event on (event.tenant_id, event.id, event.occurred_at) = (pending.tenant_id, pending.event_id, pending.occurred_at)
       order by pending.seq
    `.execute(trx);
    return rows;
  }

  /** Leaf hashes of events of runs, where these exist. */
  async chainLinks(
    trx: Trx,
    links: readonly ChainLink[],
  ): Promise<(ChainLink & { readonly leafHash: Buffer })[]> {
    if (links.length === 0) return [];
    const { rows } = await sql<ChainLink & { leafHash: Buffer }>`
      select event.run_id as "runId", event.run_seq as seq, event.leaf_hash as "leafHash"
        from unnest(${links.map(({ runId }) => runId)}::uuid[], ${links.map(({ seq }) => seq)}::int[]) wanted (run_id, seq)
        join audit_event event on (event.run_id, event.run_seq) = (wanted.run_id, wanted.seq)
    `.execute(trx);
    return rows;
  }

  /** Events that have neither a place nor wait for one: somebody put them there past the program. */
  async foreignEvents(trx: Trx, tenantId: string, limit: number): Promise<{ id: string }[]> {
    const { rows } = await sql<{ id: string }>`
      select event.id from audit_event event
       where event.tenant_id = ${tenantId}
         and not exists (select from audit_index place where place.event_id = event.id)
         and not exists (select from audit_pending pending where pending.event_id = event.id)
       limit ${limit}
    `.execute(trx);
    return rows;
  }

  /** Makes the day partitions from today to so many days ahead where they are missing. */
  async ensurePartitions(trx: Trx, daysAhead: number): Promise<void> {
    // Two processes that start at once would otherwise make the same partition.
    await sql`select pg_advisory_xact_lock(hashtext('audit_partitions'))`.execute(trx);
    await sql`select ensure_audit_partitions(${daysAhead})`.execute(trx);
  }

  /** Runs whose chain does not end where they remember it: events of a run go only after the run. */
  async cutRuns(trx: Trx, tenantId: string, limit: number): Promise<CutRun[]> {
    const { rows } = await sql<CutRun>`
      select run.id, run.audit_seq as remembered,
             coalesce((select max(run_seq) from audit_event where run_id = run.id), 0) as found
        from workflow_run run
       where run.tenant_id = ${tenantId}
         and (exists (select from audit_event where run_id = run.id and run_seq > run.audit_seq)
           or (run.audit_seq > 0
             and not exists (select from audit_event
               where run_id = run.id and run_seq = run.audit_seq and leaf_hash = run.audit_head)))
       order by run.id limit ${limit}
    `.execute(trx);
    return rows;
  }
}

const EVENT_COLUMNS = sql.join(COLUMNS.map((column) => sql.ref(`event.${column}`)));
