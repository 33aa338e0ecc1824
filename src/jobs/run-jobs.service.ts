import { Injectable } from '@nestjs/common';
import type { Trx } from '../database/trx.js';
import type { RunJob } from './job-catalogue.js';
import { RunJobsRepository } from './run-jobs.repository.js';

/** The jobs of a run that was stopped. */
@Injectable()
export class RunJobs {
  constructor(private readonly jobs: RunJobsRepository) {}

  /**
   * Takes a run's work away, when the transaction commits: deliveries that nobody has begun, and the jobs by which it is
   * driven. Whoever drives it hears of it at once; where that is not heard, its lease cannot be renewed any more.
   *
   * A waiting `workflow.drive` that has no id to be known by stays: whoever takes it finds the run ended. To look for it
   * would be to read the whole queue of the tenant.
   */
  async stop(trx: Trx, run: RunJob): Promise<void> {
    await this.jobs.remove(trx, run);
    await this.jobs.tell(trx, { runId: run.runId });
  }

  /**
   * Takes a run away from whoever drives it, when the transaction commits; what waits for delivery stays.
   *
   * @param nextJobId the job by which it is driven anew, made in the same transaction.
   */
  async interrupt(trx: Trx, run: RunJob, nextJobId: string): Promise<void> {
    await this.jobs.removeDriven(trx, run);
    await this.jobs.tell(trx, { runId: run.runId, nextJobId });
  }
}
