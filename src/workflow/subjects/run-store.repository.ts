import { Injectable } from '@nestjs/common';
import { sql } from 'kysely';
import type { Trx } from '../../database/trx.js';

/** Rows of runs that concern a person. */
@Injectable()
export class RunStoreRepository {
  /** Runs that know the person, or were to send them something, oldest first; `after` is the last one already seen. */
  async concerning(
    trx: Trx,
    tenantId: string,
    subjectRef: string,
    after: string | undefined,
    limit: number,
  ): Promise<string[]> {
    const { rows } = await sql<{ id: string }>`
      select id from (
        select run_id as id from vault_token where tenant_id = ${tenantId} and subject_ref = ${subjectRef}
        union
        select run_id from delivery where tenant_id = ${tenantId} and subject_ref = ${subjectRef}
      ) concerned
      where ${after ?? null}::uuid is null or id > ${after ?? null}::uuid
      order by id limit ${limit}`.execute(trx);
    return rows.map(({ id }) => id);
  }

  decisions(trx: Trx, runId: string) {
    return trx
      .selectFrom('approval_decision')
      .select(['decision', 'comment', 'decided_at as decidedAt'])
      .where('run_id', '=', runId)
      .orderBy('id')
      .execute();
  }

  /** Payloads that no run has taken up. */
  async sealedSignals(trx: Trx, tenantId: string, after: string, limit: number) {
    const rows = await trx
      .selectFrom('workflow_signal')
      .select(['id', 'payload_sealed as payload'])
      .where('tenant_id', '=', tenantId)
      .where('payload_sealed', 'is not', null)
      .where('id', '>', after)
      .orderBy('id')
      .limit(limit)
      .execute();
    return rows.flatMap(({ id, payload }) => (payload ? [{ id, payload }] : []));
  }

  async emptySignals(trx: Trx, ids: readonly string[]): Promise<number> {
    if (ids.length === 0) return 0;
    const { numUpdatedRows } = await trx
      .updateTable('workflow_signal')
      .set({ payload_sealed: null })
      .where('id', 'in', ids)
      .executeTakeFirst();
    return Number(numUpdatedRows);
  }

  /**
   * Values that belong to nobody known, of runs in which the person is the only one known: whose else would they be?
   * To be asked before the person's own values are gone.
   */
  async removeUnknown(trx: Trx, tenantId: string, subjectRef: string, limit: number): Promise<number> {
    const { rows } = await sql<{ removed: number }>`
      with alone as (
        select distinct own.run_id from vault_token own
        where own.tenant_id = ${tenantId} and own.subject_ref = ${subjectRef}
          and not exists (
            select from vault_token other
            where other.run_id = own.run_id and other.subject_ref <> ${subjectRef}
              and other.subject_ref like 'sub\\_%')
      ), unknown as (
        select token.run_id, token.token from vault_token token join alone on alone.run_id = token.run_id
        where token.subject_ref like 'run\\_%' limit ${limit}
      ), gone as (
        delete from vault_token using unknown
        where vault_token.run_id = unknown.run_id and vault_token.token = unknown.token
        returning 1
      ) select count(*)::int as removed from gone`.execute(trx);
    return rows[0]?.removed ?? 0;
  }
}
