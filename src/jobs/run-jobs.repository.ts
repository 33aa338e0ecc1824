import { Injectable } from '@nestjs/common';
import { sql } from 'kysely';
import type { Trx } from '../database/trx.js';
import type { RunJob } from './job-catalogue.js';
import { CHANNEL } from './job-rows.js';
import { type RunStop, stopOf } from './run-stop.js';

/** Rows of the queue that belong to one run, each set found by an index. */
@Injectable()
export class RunJobsRepository {
  /** Removes the run's jobs, as far as they are known by the run. */
  async remove(trx: Trx, { tenantId, runId }: RunJob): Promise<void> {
    await sql`
      with deliveries as (
        delete from pgboss.job
        where name = 'delivery.deliver' and group_id = ${runId} and state < 'active' and not blocked),
      started as (
        delete from pgboss.job where name = 'workflow.drive' and id = ${runId})
      delete from pgboss.job
      where name = 'workflow.drive' and group_id = ${tenantId} and state = 'active' and data ->> 'runId' = ${runId}`.execute(
      trx,
    );
  }

  /** Removes the job under which the run is driven at this moment. */
  async removeDriven(trx: Trx, { tenantId, runId }: RunJob): Promise<void> {
    await sql`
      delete from pgboss.job
      where name = 'workflow.drive' and group_id = ${tenantId} and state = 'active' and data ->> 'runId' = ${runId}`.execute(
      trx,
    );
  }

  /** Tells every process, when the transaction commits. */
  async tell(trx: Trx, stop: RunStop): Promise<void> {
    await sql`select pg_notify(${sql.raw(CHANNEL)}, ${stopOf(stop)})`.execute(trx);
  }
}
