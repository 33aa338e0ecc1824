import type { TestDatabase } from './database.js';

interface LeasedJob {
  readonly id: string;
  readonly runId: string;
  readonly leases: number;
  readonly version: number;
  readonly ended: boolean;
}

/** Measures how long the runs of killed workers stand still: from the kill to the next commit of whoever took over. */
export class TakeOvers {
  readonly durationsMs: number[] = [];
  private readonly watched: { readonly since: number; readonly job: LeasedJob; version?: number }[] = [];

  constructor(private readonly database: TestDatabase) {}

  /** To be called right after a worker was killed: any job given out now may have been its. */
  async killed(): Promise<void> {
    const since = Date.now();
    for (const job of await this.jobs(`job.state = 'active'`)) this.watched.push({ since, job });
  }

  /** Looks once: a job that was given out again had lost its worker. */
  async look(): Promise<void> {
    if (this.watched.length === 0) return;
    const found = new Map((await this.jobs('true')).map((job) => [job.id, job]));
    for (const each of this.watched.splice(0)) {
      const job = found.get(each.job.id);
      if (!job) continue;
      // The version at which the job was lost; what is committed after it is the new worker's.
      if (each.version === undefined && job.leases > each.job.leases) each.version = job.version;
      if (each.version !== undefined && (job.version > each.version || job.ended)) {
        this.durationsMs.push(Date.now() - each.since);
      } else if (!job.ended) {
        this.watched.push(each);
      }
    }
  }

  private jobs(condition: string): Promise<LeasedJob[]> {
    return this.database.query<LeasedJob>(
      `select job.id, run.id as "runId", job.retry_count as leases, run.version::int as version,
              run.completed_at is not null as ended
       from pgboss.job join workflow_run run on run.id = (job.data ->> 'runId')::uuid where ${condition}`,
    );
  }
}
