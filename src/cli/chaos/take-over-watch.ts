import type { ChaosDatabase } from './chaos-database.js';

interface LeasedJob {
  readonly id: string;
  readonly leases: number;
}

/** Measures how long the work of killed workers lies still: from the kill until its job is in other hands. */
export class TakeOverWatch {
  readonly durationsMs: number[] = [];

  private watched: { readonly since: number; readonly job: LeasedJob }[] = [];

  constructor(private readonly database: ChaosDatabase) {}

  /** To be called right after a worker was injured: any job given out now may have been its. */
  async injured(): Promise<void> {
    const since = Date.now();
    const known = new Set(this.watched.map(({ job }) => job.id));
    const jobs = await this.jobs(`state = 'active'`);
    this.watched.push(...jobs.filter(({ id }) => !known.has(id)).map((job) => ({ since, job })));
  }

  /** Forgets what it watches: while the database is away no lease runs out. */
  disturbed(): void {
    this.watched = [];
  }

  /** Looks once: a job that was given out again had lost its worker; one that is gone was done. */
  async look(): Promise<void> {
    if (this.watched.length === 0) return;
    const before = this.watched;
    const found = new Map((await this.jobs('true')).map((job) => [job.id, job]));
    if (this.watched !== before) return;
    this.watched = before.filter(({ since, job }) => {
      const now = found.get(job.id);
      if (now && now.leases > job.leases) this.durationsMs.push(Date.now() - since);
      return now !== undefined && now.leases === job.leases;
    });
  }

  private jobs(condition: string): Promise<LeasedJob[]> {
    return this.database.query<LeasedJob>(
      `select id, retry_count as leases from pgboss.job
       where name in ('workflow.drive', 'delivery.deliver') and state in ('created', 'retry', 'active') and ${condition}`,
    );
  }
}
