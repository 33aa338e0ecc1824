import pg from 'pg';

/** One statement over the runs that are not older than the oldest unfinished one, by the primary key. */
const CHANGED = {
  name: 'bench_changed',
  text: `select id, status, context -> 'lastError' as fault from workflow_run where id >= $1 and status not in ('QUEUED', 'RUNNING')`,
};

/**
 * Sees by itself in the table which runs wait and which have ended, so that being observed costs the product as little
 * as the peers, whose processes tell it. The connection's share of the database is left out of the figures.
 */
export class RunObserver {
  /** @param seen is told the id, status and fault of a run that waits or has ended; `failed` why nobody can look. */
  constructor(databaseUrl, seen, failed) {
    this.client = new pg.Client({ connectionString: databaseUrl });
    this.seen = seen;
    this.failed = failed;
    /** Ids of unfinished runs in the order they were made: UUIDs of version 7 sort by time. */
    this.unfinished = new Set();
    this.intervalMs = 1;
    this.isClosed = false;
  }

  async connect() {
    await this.client.connect();
    const { rows } = await this.client.query('select pg_backend_pid() as pid');
    this.pid = rows[0].pid;
  }

  watch(id) {
    this.unfinished.add(id);
    if (this.timer === undefined) this.lookSoon();
  }

  lookSoon() {
    this.timer = setTimeout(() => {
      void this.look().catch((error) => this.failed(error));
    }, this.intervalMs);
  }

  async look() {
    const oldest = [...this.unfinished].reduce((least, id) => (id < least ? id : least));
    const { rows } = await this.client.query({ ...CHANGED, values: [oldest] });
    for (const { id, status, fault } of rows) {
      if (!this.unfinished.has(id)) continue;
      if (status !== 'WAITING_FOR_APPROVAL') this.unfinished.delete(id);
      this.seen(id, status, fault);
    }
    this.timer = undefined;
    if (this.unfinished.size > 0 && !this.isClosed) this.lookSoon();
  }

  /** Runs of a definition that are complete in the tables, and the outputs kept for them. */
  async completed(definition) {
    const { rows } = await this.client.query(
      `with runs as (select id, status, degraded from workflow_run where definition = $1)
       select (select count(*) from runs where status = 'COMPLETED' and not degraded)::int as runs,
              (select count(*) from runs join workflow_step on run_id = id
               where kind = 'step' and workflow_step.status = 'completed')::int as outputs`,
      [definition],
    );
    return rows[0];
  }

  async close() {
    this.isClosed = true;
    clearTimeout(this.timer);
    await this.client.end();
  }
}
