import { Injectable } from '@nestjs/common';
import { type Selectable, sql } from 'kysely';
import type { LegalHoldTable } from '../../database/tables.js';
import type { Trx } from '../../database/trx.js';
import type { HoldScope, LegalHold } from './legal-hold.js';

/** The table `legal_hold`. */
@Injectable()
export class LegalHoldRepository {
  /** False when the subject is held already. */
  async insert(
    trx: Trx,
    tenantId: string,
    id: string,
    what: HoldScope,
    by: { readonly reference: string; readonly setBy: string; readonly setAt: Date },
  ): Promise<boolean> {
    const row = await trx
      .insertInto('legal_hold')
      .values({
        id,
        tenant_id: tenantId,
        scope: what.scope,
        run_id: what.scope === 'run' ? what.runId : null,
        subject_ref: what.scope === 'subject' ? what.subjectRef : null,
        from_at: what.scope === 'period' ? what.from : null,
        to_at: what.scope === 'period' ? what.to : null,
        reference: by.reference,
        set_by: by.setBy,
        set_at: by.setAt,
        lift_requested_by: null,
        lift_requested_at: null,
        lifted_by: null,
        lifted_at: null,
      })
      .onConflict((conflict) => conflict.doNothing())
      .returning('id')
      .executeTakeFirst();
    return row !== undefined;
  }

  /** Newest first; `before` is the id the last page ended with. */
  async list(trx: Trx, limit: number, before: string | undefined): Promise<LegalHold[]> {
    let rows = trx.selectFrom('legal_hold').selectAll().orderBy('id', 'desc').limit(limit);
    if (before !== undefined) rows = rows.where('id', '<', before);
    return (await rows.execute()).map(holdOf);
  }

  /** The hold, locked until the transaction ends. */
  async lock(trx: Trx, id: string): Promise<LegalHold | undefined> {
    const row = await trx
      .selectFrom('legal_hold')
      .selectAll()
      .where('id', '=', id)
      .forUpdate()
      .executeTakeFirst();
    return row && holdOf(row);
  }

  async find(trx: Trx, id: string): Promise<LegalHold | undefined> {
    const row = await trx.selectFrom('legal_hold').selectAll().where('id', '=', id).executeTakeFirst();
    return row && holdOf(row);
  }

  /** The hold on a subject that stands. */
  async ofSubject(trx: Trx, subjectRef: string): Promise<LegalHold | undefined> {
    const row = await trx
      .selectFrom('legal_hold')
      .selectAll()
      .where('scope', '=', 'subject')
      .where('subject_ref', '=', subjectRef)
      .where('lifted_at', 'is', null)
      .executeTakeFirst();
    return row && holdOf(row);
  }

  async requestLift(trx: Trx, id: string, by: string, at: Date): Promise<void> {
    await trx
      .updateTable('legal_hold')
      .set({ lift_requested_by: by, lift_requested_at: at })
      .where('id', '=', id)
      .execute();
  }

  async lift(trx: Trx, id: string, by: string, at: Date): Promise<void> {
    await trx.updateTable('legal_hold').set({ lifted_by: by, lifted_at: at }).where('id', '=', id).execute();
  }

  /** Whether a hold stands in the way of erasing somebody: on them, on the tenant, or on what they had a part in. */
  async isSubjectHeld(trx: Trx, subjectRef: string): Promise<boolean> {
    const { rows } = await sql<{ held: boolean }>`
      select exists (
        select from legal_hold hold
        where lifted_at is null and (
          scope = 'tenant'
          or scope = 'subject' and subject_ref = ${subjectRef}
          or scope = 'run' and exists (
            select from vault_token token
            where token.run_id = hold.run_id and token.subject_ref = ${subjectRef})
          or scope = 'period' and (
            exists (
              select from vault_token token join workflow_run run on run.id = token.run_id
              where token.tenant_id = hold.tenant_id and token.subject_ref = ${subjectRef}
                and run.created_at < hold.to_at and coalesce(run.completed_at, 'infinity') >= hold.from_at)
            or exists (
              select from consent
              where consent.tenant_id = hold.tenant_id and consent.subject_ref = ${subjectRef}
                and consent.recorded_at >= hold.from_at and consent.recorded_at < hold.to_at)))
      ) as held`.execute(trx);
    return rows[0]?.held === true;
  }
}

function holdOf(row: Selectable<LegalHoldTable>): LegalHold {
  return {
    id: row.id,
    tenantId: row.tenant_id,
    scope: row.scope,
    runId: row.run_id,
    subjectRef: row.subject_ref,
    from: row.from_at,
    to: row.to_at,
    reference: row.reference,
    setBy: row.set_by,
    setAt: row.set_at,
    liftRequestedBy: row.lift_requested_by,
    liftRequestedAt: row.lift_requested_at,
    liftedBy: row.lifted_by,
    liftedAt: row.lifted_at,
  };
}
