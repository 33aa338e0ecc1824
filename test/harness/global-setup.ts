import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import type { TestProject } from 'vitest/node';
import { EmbeddedPostgres } from '../../src/database/embedded/embedded-postgres.js';
import { migrateToLatest } from '../../src/database/migrate.js';
import { openPostgres } from '../../src/database/postgres.js';

declare module 'vitest' {
  export interface ProvidedContext {
    /** URL of the test cluster's maintenance database. */
    clusterUrl: string;
  }
}

/** One real Postgres for the whole run, with a migrated template that each test database is cloned from. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), 'countersign-test-'));
  // The database user of a root session must get there.
  await chmod(folder, 0o755);
  const cluster = await EmbeddedPostgres.start(join(folder, 'data'));
  await makeTemplate(cluster.url);
  project.provide('clusterUrl', cluster.url);
  return async () => {
    await endConnections(cluster.url);
    await cluster.stop();
    await rm(folder, { recursive: true, force: true });
  };
}

async function makeTemplate(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query('create database template_countersign');
  await client.end();
  const template = new URL(url);
  template.pathname = '/template_countersign';
  const { db } = openPostgres({
    url: template.href,
    poolSize: 2,
    statementTimeoutMs: 30_000,
    connectTimeoutMs: 10_000,
    onPoolError: () => undefined,
  });
  await migrateToLatest(db);
  await db.destroy();
}

/** A test that died may have left a connection; the cluster is ours alone, so nobody else is cut off. */
async function endConnections(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(
    `select pg_terminate_backend(pid) from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()`,
  );
  await client.end();
}
