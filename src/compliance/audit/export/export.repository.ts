import { Injectable } from '@nestjs/common';
import { sql } from 'kysely';
import type { Trx } from '../../../database/trx.js';
import type { AuditQuery, AuditRow } from '../audit.repository.js';

/** An event with its place in the log. */
export type PlacedEvent = AuditRow & { readonly index: number };

/** Where a run says that its chain of events ends. */
export interface RunEnd {
  readonly id: string;
  readonly events: number;
  readonly head: Buffer;
}

/** What exports read besides the pages of the log. */
@Injectable()
export class ExportRepository {
  /** Events that pass the filters, by their place, below a size of the log. */
  async filteredPage(
    trx: Trx,
    tenantId: string,
    query: AuditQuery,
    from: number,
    size: number,
    limit: number,
  ): Promise<PlacedEvent[]> {
    const { workflowId, sessionId, actor, type, from: since, to: until } = query;
    const conditions = [
      sql`place.tenant_id = ${tenantId}`,
      sql`place.index >= ${from} and place.index < ${size}`,
      ...(workflowId ? [sql`event.run_id = ${workflowId}`] : []),
      ...(sessionId ? [sql`event.session_id = ${sessionId}`] : []),
      ...(actor ? [sql`event.actor_ref = ${actor}`] : []),
      ...(type ? [sql`event.type = ${type}`] : []),
      ...(since ? [sql`event.occurred_at >= ${since}`] : []),
      ...(until ? [sql`event.occurred_at < ${until}`] : []),
    ];
    const { rows } = await sql<PlacedEvent>`
      select place.index, event.*
        from audit_index place
        join audit_event event on (event.tenant_id, event.id, event.occurred_at) = (place.tenant_id, place.event_id, place.occurred_at)
       where ${sql.join(conditions, sql` and `)}
       order by place.index limit ${limit}
    `.execute(trx);
    return rows;
  }

  /** Runs whose newest event stands between two places, as the runs themselves remember it. */
  async runEnds(
    trx: Trx,
    tenantId: string,
    { from, to }: { readonly from: number; readonly to: number },
    afterId: string,
    limit: number,
  ): Promise<RunEnd[]> {
    const { rows } = await sql<RunEnd>`
      select run.id, run.audit_seq as events, run.audit_head as head
        from workflow_run run
        join audit_event event on event.run_id = run.id and event.run_seq = run.audit_seq
        join audit_index place on place.event_id = event.id
       where run.tenant_id = ${tenantId} and run.id > ${afterId} and run.audit_head is not null
         and place.index >= ${from} and place.index < ${to}
       order by run.id limit ${limit}
    `.execute(trx);
    return rows;
  }
}
