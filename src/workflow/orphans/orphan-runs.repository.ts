import { Injectable } from '@nestjs/common';
import { sql } from 'kysely';
import type { Trx } from '../../database/trx.js';
import type { RunJobName } from '../../jobs/job-catalogue.js';
import { typeOfSignal } from '../engine/loaded-run.js';

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
 * Runs that are due and have no job that is due. Due is a run that has been left in the middle of its work; one that
 * waits, when the first of its times has come or a signal it listens for is there; one that people are asked about,
 * when the approval has expired; any run at its deadline. A run whose messages are uncertain waits for people as well.
 *
 * In DELIVERY the job is the one that hands messages over, unless all of them have an outcome. The clock is that of
 * the database.
 */
function orphans(idleSeconds: number, limit: number, condition = sql``) {
  return sql<OrphanRun>`
    select run.tenant_id as "tenantId", run.id as "runId",
      case when run.phase = 'DELIVERY' and run.waiting_for is null and (message.open > 0 or message.made = 0)
        then 'delivery.deliver' else 'workflow.drive' end as job
    from workflow_run run
    cross join lateral (
      select count(*) filter (where status in ('pending', 'sending')) as open,
        count(*) filter (where status = 'uncertain') as uncertain, count(*) as made
      from delivery where run.phase = 'DELIVERY' and run_id = run.id) as message
    cross join lateral (select least(run.deadline_at, case
      when run.waiting_for is not null then (
        select least(min((wait ->> 'until')::timestamptz), min(signal.created_at))
        from jsonb_array_elements(run.waiting_for -> 'conditions') as wait
        left join workflow_signal signal on signal.run_id = run.id and signal.consumed_at is null
          and wait ->> 'kind' = 'signal' and signal.type = ${typeOfSignal('')} || (wait ->> 'name'))
      when run.status = 'WAITING_FOR_APPROVAL' then (
        select min(expires_at) from approval where approval.run_id = run.id and approval.status = 'pending')
      when message.open > 0 or message.uncertain = 0 then run.updated_at
      end) as since) as due
    where run.completed_at is null
      and run.updated_at < now() - make_interval(secs => ${idleSeconds})
      and due.since < now() - make_interval(secs => ${idleSeconds})
      and not exists (
        select from pgboss.job where name in ('workflow.drive', 'delivery.deliver') and state < 'completed'
          and data ->> 'runId' = run.id::text and start_after < now() + interval '1 minute')
      ${condition}
    order by run.id limit ${limit}`;
}
