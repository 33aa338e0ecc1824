import { Injectable } from '@nestjs/common';
import { sql } from 'kysely';
import { statementOf } from '../../database/statement.js';
import type { Trx } from '../../database/trx.js';
import { within } from '../../database/within.js';
import type { AuditRecord } from './audit-leaf.js';
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

  /** Events in log order, a page at a time. An event that is gone leaves its place empty. */
  pageInLogOrder(
    trx: Trx,
    afterSeq: number,
    limit: number,
  ): Promise<({ seq: string | number; event_id: string } & { [K in keyof AuditRow]: AuditRow[K] | null })[]> {
    return trx
      .selectFrom('audit_pending')
      .leftJoin('audit_event', (join) =>
        join
          .onRef('audit_event.id', '=', 'audit_pending.event_id')
          .onRef('audit_event.occurred_at', '=', 'audit_pending.occurred_at'),
      )
      .select(['audit_pending.seq', 'audit_pending.event_id'])
      .select(COLUMNS.map((column) => `audit_event.${column}` as const))
      .where('audit_pending.seq', '>', String(afterSeq))
      .orderBy('audit_pending.seq')
      .limit(limit)
      .execute();
  }

  /** Events that stand in no log order: somebody put them there past the program. */
  foreignEvents(trx: Trx, limit: number): Promise<{ id: string }[]> {
    return trx
      .selectFrom('audit_event')
      .select('id')
      .where(({ not, exists, selectFrom }) =>
        not(
          exists(
            selectFrom('audit_pending')
              .select('audit_pending.event_id')
              .whereRef('audit_pending.event_id', '=', 'audit_event.id'),
          ),
        ),
      )
      .limit(limit)
      .execute();
  }

  /** Makes the day partitions from today to so many days ahead where they are missing. */
  async ensurePartitions(trx: Trx, daysAhead: number): Promise<void> {
    // Two processes that start at once would otherwise make the same partition.
    await sql`select pg_advisory_xact_lock(hashtext('audit_partitions'))`.execute(trx);
    await sql`select ensure_audit_partitions(${daysAhead})`.execute(trx);
  }

  /** Where each run says that its chain ends. */
  runHeads(
    trx: Trx,
    afterId: string,
    limit: number,
  ): Promise<{ id: string; audit_seq: number; audit_head: Buffer | null }[]> {
    return trx
      .selectFrom('workflow_run')
      .select(['id', 'audit_seq', 'audit_head'])
      .where('id', '>', afterId)
      .orderBy('id')
      .limit(limit)
      .execute();
  }
}
