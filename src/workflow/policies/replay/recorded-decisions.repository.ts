import { Injectable } from '@nestjs/common';
import { sql } from 'kysely';
import type { Trx } from '../../../database/trx.js';
import { firstIdAt } from '../../../kernel/ids.js';
import type { PreparedRow, RecordedRow } from './recorded-decision.js';

/** Which decisions are meant: those of runs started within a span of time. */
export interface ReplayScope {
  readonly tenantId: string;
  readonly from: Date;
  readonly to: Date;
  readonly definition?: string;
  readonly runId?: string;
}

/** A run makes far fewer decisions. */
const DECISIONS_OF_RUN = 500;

/** Reads the decisions of policies as history and trail keep them. */
@Injectable()
export class RecordedDecisionsRepository {
  /** Ids of runs of the scope behind one, in their order. */
  async runs(trx: Trx, scope: ReplayScope, after: string | undefined, limit: number): Promise<string[]> {
    const { tenantId, from, to, definition, runId } = scope;
    let rows = trx
      .selectFrom('workflow_run')
      .select('id')
      .where('tenant_id', '=', tenantId)
      .where('id', '>=', firstIdAt(from.getTime()))
      .where('id', '<', firstIdAt(to.getTime()))
      .orderBy('id')
      .limit(limit);
    if (definition !== undefined) rows = rows.where('definition', '=', definition);
    if (runId !== undefined) rows = rows.where('id', '=', runId);
    if (after !== undefined) rows = rows.where('id', '>', after);
    return (await rows.execute()).map(({ id }) => id);
  }

  /** The decisions in the history of a run, in their order. */
  async ofRun(trx: Trx, runId: string): Promise<RecordedRow[]> {
    const { rows } = await sql<RecordedRow>`
      select run_id as "runId", ended_at as at, detail -> 'policy' as decision from workflow_step
       where run_id = ${runId} and detail ? 'policy' order by seq limit ${DECISIONS_OF_RUN}`.execute(trx);
    return rows;
  }

  /** What the trail says of the messages of a run that were made ready. */
  async prepared(trx: Trx, runId: string): Promise<PreparedRow[]> {
    const { rows } = await sql<PreparedRow>`
      select run_id as "runId", occurred_at as at, convert_from(leaf, 'UTF8')::jsonb -> 'decision' as decision
        from audit_event where run_id = ${runId} and type = 'delivery.prepared'
       order by run_seq limit ${DECISIONS_OF_RUN}`.execute(trx);
    return rows.filter(({ decision }) => decision !== null);
  }

  /** Starts and approvals of the scope that were refused, behind one, in their order. */
  async refusals(
    trx: Trx,
    { tenantId, from, to, definition, runId }: ReplayScope,
    after: string | undefined,
    limit: number,
  ): Promise<(RecordedRow & { readonly id: string })[]> {
    const { rows } = await sql<RecordedRow & { id: string }>`
      select id, refused_at as at, decision,
        case when decision -> 'request' ->> 'action' = 'enterInitialization' then null else subject end as "runId"
        from policy_refusal
       where tenant_id = ${tenantId} and id > ${after ?? firstIdAt(0)}::uuid
         and refused_at >= ${from} and refused_at < ${to}
         and (${definition ?? null}::text is null or decision #>> '{request,run,definition}' = ${definition ?? null})
         and (${runId ?? null}::uuid is null or subject = ${runId ?? null})
       order by id limit ${limit}`.execute(trx);
    return rows;
  }
}
