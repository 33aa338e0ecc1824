import { Injectable } from '@nestjs/common';
import { sql } from 'kysely';
import type { Trx } from '../../database/trx.js';
import { isNotHeld } from './legal-hold.repository.js';
import { EVERY_OTHER, type RetentionRule } from './retention-rule.js';

/** A run that is due, with where its audit chain ends. */
export interface DueRun {
  readonly id: string;
  readonly completedAt: Date;
  readonly auditSeq: number;
  readonly auditHead: Buffer | null;
}

/** Rows removed, by table. */
export type RemovedRows = Readonly<Record<(typeof PARTS_OF_RUN)[number] | 'workflow_run', number>>;

/** What belongs to one run alone, children first. */
export const PARTS_OF_RUN = [
  'approval_decision',
  'approval_delegation',
  'approval',
  'artifact',
  'delivery',
  'vault_token',
  'workflow_signal',
  'workflow_event',
  'workflow_step',
] as const;

/** Finds runs that are due and removes them with what is theirs. For transactions of `withRetention`. */
@Injectable()
export class PurgeRepository {
  /**
   * Locks runs that are due, those that ended first before the others. A run that somebody works on is left for
   * another time, and so is one with a delivery whose outcome is not known: only its rows let a person settle it.
   *
   * @param endedFrom where an earlier batch of the same pass has come to.
   */
  lockDue(trx: Trx, rule: RetentionRule, endedFrom: Date | undefined, limit: number): Promise<DueRun[]> {
    let runs = trx
      .selectFrom('workflow_run')
      .select(['id', 'completed_at as completedAt', 'audit_seq as auditSeq', 'audit_head as auditHead'])
      .$narrowType<{ completedAt: Date }>()
      .where('completed_at', '<', rule.endedBefore)
      .where(isNotHeld())
      .where(({ not, exists, selectFrom }) =>
        not(
          exists(
            selectFrom('delivery')
              .select('delivery.id')
              .whereRef('delivery.run_id', '=', 'workflow_run.id')
              .where('delivery.status', 'in', ['sending', 'uncertain']),
          ),
        ),
      );
    if (rule.definition !== EVERY_OTHER) runs = runs.where('definition', '=', rule.definition);
    if (rule.except.length > 0) runs = runs.where('definition', 'not in', rule.except);
    if (endedFrom) runs = runs.where('completed_at', '>=', endedFrom);
    return runs.orderBy('completed_at').limit(limit).forUpdate().skipLocked().execute();
  }

  /** Notes the contents that runs refer to, for the sweep to look at. */
  async noteContents(trx: Trx, runIds: readonly string[]): Promise<void> {
    await sql`
      insert into content_orphan (tenant_id, hash)
      select tenant_id, hash from (
        select tenant_id, input_hash as hash from workflow_run where id = any(${runIds})
        union select tenant_id, output_hash from workflow_run where id = any(${runIds})
        union select tenant_id, output_hash from workflow_step where run_id = any(${runIds})
        union select tenant_id, content_hash from artifact where run_id = any(${runIds})
      ) referred where hash is not null
      on conflict do nothing`.execute(trx);
  }

  /** Removes runs and all that is theirs. */
  async remove(trx: Trx, runIds: readonly string[]): Promise<RemovedRows> {
    const removed: Record<string, number> = {};
    for (const table of PARTS_OF_RUN) {
      const result = await trx.deleteFrom(table).where('run_id', 'in', runIds).executeTakeFirst();
      removed[table] = Number(result.numDeletedRows);
    }
    const result = await trx.deleteFrom('workflow_run').where('id', 'in', runIds).executeTakeFirst();
    return { ...removed, workflow_run: Number(result.numDeletedRows) } as RemovedRows;
  }
}
