import { Injectable } from '@nestjs/common';
import { sql } from 'kysely';
import type { Trx } from '../../database/trx.js';

/** A message that was waiting to be sent and never will be. */
export interface WithheldDelivery {
  readonly id: string;
  readonly index: number;
  readonly channel: string;
  readonly attempts: number;
}

/** Which runs concern a person, and what of them still waits to be sent. */
@Injectable()
export class SubjectRunsRepository {
  /** Open runs that know one of these people, or that belong to a session; oldest first, so that all lock in one order. */
  async open(
    trx: Trx,
    tenantId: string,
    subjectRefs: readonly string[],
    sessionId: string | undefined,
  ): Promise<string[]> {
    const { rows } = await sql<{ id: string }>`
      select id from (
        select distinct token.run_id as id from vault_token token
        join workflow_run run on run.id = token.run_id and run.completed_at is null
        where token.tenant_id = ${tenantId} and token.subject_ref = any(${[...subjectRefs]}::text[])
        union
        select id from workflow_run
        where tenant_id = ${tenantId} and completed_at is null and session_id = ${sessionId ?? null}::uuid
      ) concerned order by id`.execute(trx);
    return rows.map(({ id }) => id);
  }

  /** Takes messages to these people out of what is to be sent. */
  async withhold(
    trx: Trx,
    runId: string,
    indexes: readonly number[],
    detail: string,
    at: Date,
  ): Promise<WithheldDelivery[]> {
    return trx
      .updateTable('delivery')
      .set({ status: 'failed', detail, settled_at: at, settled_by: 'engine' })
      .where('run_id', '=', runId)
      .where('index', '=', sql<number>`any(${[...indexes]}::int[])`)
      .where('status', '=', 'pending')
      .returning(['id', 'index', 'channel', 'attempts'])
      .execute();
  }

  /** How many deliveries of a run there are, were sent, and were given up. */
  async deliveryCounts(trx: Trx, runId: string): Promise<{ total: number; sent: number; failed: number }> {
    const { rows } = await sql<{ total: number; sent: number; failed: number }>`
      select count(*)::int as total, count(*) filter (where status = 'sent')::int as sent,
        count(*) filter (where status = 'failed')::int as failed
      from delivery where run_id = ${runId}`.execute(trx);
    return rows[0] ?? { total: 0, sent: 0, failed: 0 };
  }
}
