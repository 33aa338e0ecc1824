import { Injectable } from '@nestjs/common';
import { sql } from 'kysely';
import type { Trx } from '../database/trx.js';
import type { RunJob } from './job-catalogue.js';
import { CHANNEL } from './job-rows.js';
import { stopOf } from './run-stop.js';

/** The jobs of a run that was stopped. */
@Injectable()
export class RunJobs {
  /**
   * Takes a run's work away, when the transaction commits: deliveries that nobody has begun, and the jobs by which it is
   * driven. Whoever drives it hears of it at once; where that is not heard, its lease cannot be renewed any more.
   *
   * A waiting `workflow.drive` that has no id to be known by stays: whoever takes it finds the run ended. To look for it
   * would be to read the whole queue of the tenant.
   */
  async stop(trx: Trx, { tenantId, runId }: RunJob): Promise<void> {
    await sql`
      with deliveries as (
        delete from pgboss.job
        where name = 'delivery.deliver' and group_id = ${runId} and state < 'active' and not blocked),
      waiting as (
        delete from pgboss.job where name = 'workflow.drive' and id = ${runId}),
      driven as (
        delete from pgboss.job
        where name = 'workflow.drive' and group_id = ${tenantId} and state = 'active' and data ->> 'runId' = ${runId})
      select pg_notify(${sql.raw(CHANNEL)}, ${stopOf(runId)})`.execute(trx);
  }
}
