import { Injectable } from '@nestjs/common';
import { sql } from 'kysely';
import type { Trx } from '../../../database/trx.js';
import type { AuditFault } from '../audit-verifier.js';

/** How the check of a log by itself stands. */
export interface SelfCheckState {
  /** Leaves found in order so far. */
  readonly size: number;
  readonly checkedAt: Date | null;
  /** When all leaves were last read. */
  readonly wholeAt: Date | null;
  /** Events read by the last check. */
  readonly events: number;
  readonly faults: readonly AuditFault[];
}

/** What a check has found. */
export type SelfCheckFinding = Omit<SelfCheckState, 'checkedAt'> & {
  readonly tenantId: string;
  readonly checkedAt: Date;
};

/** How all logs stand together. */
export interface LogsStanding {
  readonly leaves: number;
  /** Leaves that the newest checkpoints cover. */
  readonly covered: number;
  /** The oldest of the newest checkpoints of logs that have grown since; null when there is none. */
  readonly stalestCheckpointAt: Date | null;
  /** The oldest of the newest checks; null before the first. */
  readonly oldestCheckAt: Date | null;
  /** Logs whose last check has found faults. */
  readonly failing: number;
}

/** For transactions of `DatabaseService.withSequencer`, but for {@link SelfCheckRepository.state}. */
@Injectable()
export class SelfCheckRepository {
  /** Logs not checked since `since`, with nobody at them since `abandoned`. */
  async due(trx: Trx, since: Date, abandoned: Date): Promise<string[]> {
    const { rows } = await sql<{ tenantId: string }>`
      select head.tenant_id as "tenantId" from audit_head head
        left join audit_self_check checked on checked.tenant_id = head.tenant_id
       where head.size > 0 and (checked.checked_at is null or checked.checked_at < ${since})
         and (checked.started_at is null or checked.started_at < ${abandoned})
       order by checked.checked_at nulls first
    `.execute(trx);
    return rows.map(({ tenantId }) => tenantId);
  }

  /** Takes a log for a check. @returns how it stands; undefined when it is not due any more, or another is at it. */
  async claim(
    trx: Trx,
    tenantId: string,
    { since, abandoned, now }: { readonly since: Date; readonly abandoned: Date; readonly now: Date },
  ): Promise<SelfCheckState | undefined> {
    const { rows } = await sql<SelfCheckState>`
      insert into audit_self_check as checked (tenant_id, started_at) values (${tenantId}, ${now})
      on conflict (tenant_id) do update set started_at = excluded.started_at
       where (checked.checked_at is null or checked.checked_at < ${since})
         and (checked.started_at is null or checked.started_at < ${abandoned})
      returning ${STATE}
    `.execute(trx);
    return rows[0];
  }

  /** Gives a log back that could not be checked. */
  async release(trx: Trx, tenantId: string): Promise<void> {
    await trx
      .updateTable('audit_self_check')
      .set({ started_at: null })
      .where('tenant_id', '=', tenantId)
      .execute();
  }

  async record(trx: Trx, finding: SelfCheckFinding): Promise<void> {
    await trx
      .updateTable('audit_self_check')
      .set({
        size: finding.size,
        checked_at: finding.checkedAt,
        whole_at: finding.wholeAt,
        events: finding.events,
        faults: JSON.stringify(finding.faults),
        started_at: null,
      })
      .where('tenant_id', '=', finding.tenantId)
      .execute();
  }

  /** Undefined before the first check. */
  async state(trx: Trx, tenantId: string): Promise<SelfCheckState | undefined> {
    const { rows } = await sql<SelfCheckState>`
      select ${STATE} from audit_self_check where tenant_id = ${tenantId} and checked_at is not null
    `.execute(trx);
    return rows[0];
  }

  async standing(trx: Trx): Promise<LogsStanding> {
    const { rows } = await sql<LogsStanding>`
      select coalesce(sum(head.size), 0)::bigint as leaves, coalesce(sum(newest.size), 0)::bigint as covered,
             min(newest.created_at) filter (where newest.size < head.size) as "stalestCheckpointAt",
             min(checked.checked_at) as "oldestCheckAt",
             count(*) filter (where jsonb_array_length(checked.faults) > 0) as failing
        from audit_head head
        left join audit_self_check checked on checked.tenant_id = head.tenant_id
        left join lateral (
          select size, created_at from audit_checkpoint checkpoint
           where checkpoint.tenant_id = head.tenant_id order by epoch desc, size desc limit 1) newest on true
    `.execute(trx);
    const [standing] = rows;
    if (!standing) throw new Error('an aggregate without its row');
    return standing;
  }
}

const STATE = sql`size, checked_at as "checkedAt", whole_at as "wholeAt", events, faults`;
