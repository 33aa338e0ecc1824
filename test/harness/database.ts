import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { inject } from 'vitest';
import { DatabaseService } from '../../src/database/database.service.js';
import { openPostgres } from '../../src/database/postgres.js';

/** A tenant that every test database holds. */
export const TEST_TENANT_ID = '00000000-0000-7000-8000-000000000001';
/** A second tenant, for tests that try to cross over. */
export const OTHER_TENANT_ID = '00000000-0000-7000-8000-000000000002';

export interface TestDatabase {
  /** For a server or worker process of the test. */
  readonly url: string;
  readonly database: DatabaseService;
  /** Runs SQL as the owner, past row-level security: to look at what really stands in the tables. */
  query<T extends pg.QueryResultRow>(text: string, values?: unknown[]): Promise<T[]>;
  /** Changes rows past every trigger, as somebody with all rights could: what is guarded takes nothing else. */
  force(text: string, values?: unknown[]): Promise<void>;
  close(): Promise<void>;
}

/** A migrated database of its own (about 0.1 s), with two tenants. */
export async function createTestDatabase(): Promise<TestDatabase> {
  const clusterUrl = inject('clusterUrl');
  const name = `test_${randomBytes(6).toString('hex')}`;
  await administer(clusterUrl, `create database ${name} template template_countersign`);
  const location = new URL(clusterUrl);
  location.pathname = `/${name}`;
  const url = location.href;
  const { pool, enginePool, db } = openPostgres({
    url,
    poolSize: 8,
    statementTimeoutMs: 30_000,
    connectTimeoutMs: 10_000,
    onPoolError: () => undefined,
  });
  await pool.query(
    `insert into tenant (id, name) values ($1, 'default'), ($2, 'other') on conflict do nothing`,
    [TEST_TENANT_ID, OTHER_TENANT_ID],
  );
  return {
    url,
    database: new DatabaseService({ url, pool, enginePool, db, embedded: undefined }),
    query: async <T extends pg.QueryResultRow>(text: string, values?: unknown[]) =>
      (await pool.query<T>(text, values)).rows,
    force: async (text, values) => {
      const client = await pool.connect();
      try {
        await client.query('begin; set local session_replication_role = replica');
        await client.query(text, values);
        await client.query('commit');
      } finally {
        client.release();
      }
    },
    close: async () => {
      await db.destroy();
      if (!enginePool.ending) await enginePool.end();
      await administer(clusterUrl, `drop database ${name} with (force)`);
    },
  };
}

async function administer(clusterUrl: string, text: string): Promise<void> {
  const client = new pg.Client({ connectionString: clusterUrl });
  await client.connect();
  try {
    await client.query(text);
  } finally {
    await client.end();
  }
}
