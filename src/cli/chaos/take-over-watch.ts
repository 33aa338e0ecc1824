import type { ChaosDatabase } from './chaos-database.js';

interface LeasedJob {
  readonly id: string;
  readonly leases: number;
  /** When its holder was last heard of. */
  readonly heartbeat: string | null;
}

/** Measures how long the work of injured workers lies still: from the injury until its job is in other hands. */
export class TakeOverWatch {
  readonly durationsMs: number[] = [];

  private watched: { readonly since: number; readonly job: LeasedJob }[] = [];

  constructor(private readonly database: ChaosDatabase) {}

  /** To be called right after a worker was injured: any job given out now may have been its. */
  async injured(): Promise<void> {
    const since = Date.now();
    const jobs = await this.jobs();
    const known = new Set(this.watched.map(({ job }) => job.id));
    const given = jobs.filter(({ id, heartbeat }) => heartbeat !== null && !known.has(id));
    this.watched = [...this.watched, ...given.map((job) => ({ since, job }))];
  }

  /** Forgets what it watches: while the database is away no lease runs out. */
  disturbed(): void {
    this.watched = [];
  }

  /**
   * Looks once. A job that was given out again had lost its worker; one that is gone was done; one whose holder was
   * heard of meanwhile was never lost.
   */
  async look(): Promise<void> {
    const before = this.watched;
    if (before.length === 0) return;
    const found = new Map((await this.jobs()).map((job) => [job.id, job]));
    // An injury in between has its own list; the next look is soon.
    if (this.watched !== before) return;
    this.watched = before.filter(({ since, job }) => {
      const now = found.get(job.id);
      if (now && now.leases > job.leases) this.durationsMs.push(Date.now() - since);
      return now?.leases === job.leases && (now.heartbeat === null || now.heartbeat === job.heartbeat);
    });
  }

  private jobs(): Promise<LeasedJob[]> {
    return this.database.query<LeasedJob>(
      `select id, retry_count as leases, case when state = 'active' then heartbeat_on::text end as heartbeat
       from pgboss.job
       where name in ('workflow.drive', 'delivery.deliver') and state in ('created', 'retry', 'active')
         and (state <> 'created' or start_after <= now())`,
    );
  }
}
