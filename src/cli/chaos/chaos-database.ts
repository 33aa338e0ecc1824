import { setTimeout as wait } from 'node:timers/promises';
import { openPostgres } from '../../database/postgres.js';
import { CliError } from '../cli-error.js';

const PATIENCE_MS = 60_000;

/** The database as somebody sees it who stands beside the product; it may be away for a while. */
export class ChaosDatabase {
  private readonly postgres: ReturnType<typeof openPostgres>;

  constructor(readonly url: string) {
    this.postgres = openPostgres({
      url,
      poolSize: 3,
      statementTimeoutMs: 30_000,
      connectTimeoutMs: 5_000,
      onPoolError: () => undefined,
    });
  }

  /** Asks again until the database answers. For statements that only read. */
  async query<Row extends object>(text: string, values: readonly unknown[] = []): Promise<Row[]> {
    const deadline = Date.now() + PATIENCE_MS;
    for (;;) {
      try {
        return (await this.postgres.pool.query<Row>(text, [...values])).rows;
      } catch (error) {
        if (!isAway(error) || Date.now() > deadline) throw error;
        await wait(50);
      }
    }
  }

  /** @throws CliError when there are runs: chaos is for databases that nobody will miss. */
  async refuseUsed(): Promise<void> {
    const [table] = await this.query<{ there: boolean }>(
      `select to_regclass('workflow_run') is not null as there`,
    );
    if (!table?.there) return;
    const [run] = await this.query<{ there: boolean }>('select exists (select from workflow_run) as there');
    if (run?.there) throw new CliError('The database holds runs. Chaos is for one that can be thrown away.');
  }

  async close(): Promise<void> {
    await this.postgres.db.destroy();
    await this.postgres.enginePool.end();
  }
}

/** Connections that break and servers that start or stop; not faults of the statement. */
function isAway(error: unknown): boolean {
  const { code = '', message = '' } = error as { code?: string; message?: string };
  return /^(08|57P|ECONN|EPIPE)/.test(code) || /connection|timeout/i.test(message);
}
