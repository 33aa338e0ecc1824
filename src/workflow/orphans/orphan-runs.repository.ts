import { Injectable } from '@nestjs/common';
import { sql } from 'kysely';
import type { Trx } from '../../database/trx.js';
import type { RunJobName } from '../../jobs/job-catalogue.js';

/** A run that waits for a job which does not exist. */
export interface OrphanRun {
  readonly tenantId: string;
  readonly runId: string;
  /** The job that it lacks. */
  readonly job: RunJobName;
}

@Injectable()
export class OrphanRunRepository {
  /**
   * Runs that have stood still for so long and that nobody would ever go on with. Reads the open runs by their index
   * and the jobs once, however many have ended. For transactions of `withSystem`.
   */
  async list(trx: Trx, idleSeconds: number, limit: number): Promise<OrphanRun[]> {
    const { rows } = await orphans(idleSeconds, limit).execute(trx);
    return rows;
  }

  /** Looks again at one run, which the caller has locked. */
  async find(trx: Trx, runId: string, idleSeconds: number): Promise<OrphanRun | undefined> {
    const { rows } = await orphans(idleSeconds, 1, sql`and run.id = ${runId}`).execute(trx);
    return rows[0];
  }
}

/**
 * Which job a run lacks: in DELIVERY the one that hands messages over, unless all of them have an outcome. A run
 * that waits for people lacks one when its approval should have expired; one whose messages are uncertain waits for
 * people too. One that waits for a time or a signal lacks one when that should have woken it, and any run at its
 * deadline. The clock is that of the database.
 */
function orphans(idleSeconds: number, limit: number, condition = sql``) {
  return sql<OrphanRun>`
    select run.tenant_id as "tenantId", run.id as "runId",
      case when run.phase = 'DELIVERY' and run.waiting_for is null and coalesce(run.deadline_at > now(), true)
          and (open.deliveries > 0 or made.deliveries = 0)
        then 'delivery.deliver' else 'workflow.drive' end as job
    from workflow_run run
    cross join lateral (
      select count(*) filter (where status in ('pending', 'sending')) as deliveries,
        count(*) filter (where status = 'uncertain') as uncertain
      from delivery where run_id = run.id and status in ('pending', 'sending', 'uncertain')) as open
    cross join lateral (
      select count(*) as deliveries from (select from delivery where run_id = run.id limit 1) as first) as made
    where run.completed_at is null
      and run.updated_at < now() - make_interval(secs => ${idleSeconds})
      and (open.deliveries > 0 or open.uncertain = 0)
      and (run.status in ('QUEUED', 'RUNNING') or exists (
        select from approval where approval.run_id = run.id and approval.status = 'pending'
          and approval.expires_at < now() - make_interval(secs => ${idleSeconds}))
        or run.deadline_at < now() - make_interval(secs => ${idleSeconds}))
      and (run.waiting_for is null or run.deadline_at < now() - make_interval(secs => ${idleSeconds}) or exists (
        select from jsonb_path_query(run.waiting_for, 'lax $.conditions[*]') as awaited
        where awaited ->> 'until' < ${since(idleSeconds)} or exists (
          select from workflow_signal signal where signal.run_id = run.id and signal.consumed_at is null
            and signal.type = 'signal.' || (awaited ->> 'name')
            and signal.created_at < now() - make_interval(secs => ${idleSeconds}))))
      and not exists (
        select from pgboss.job where name in ('workflow.drive', 'delivery.deliver') and state < 'completed'
          and data ->> 'runId' = run.id::text and start_after < now() + interval '1 minute')
      ${condition}
    order by run.id limit ${limit}`;
}

/** So long ago, as the engine writes instants: texts of one form compare like the instants themselves. */
function since(idleSeconds: number) {
  return sql`to_char((now() - make_interval(secs => ${idleSeconds})) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;
}
