import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../harness/database.js';
import { productEnv } from '../harness/product.js';
import { ServerProcess } from '../harness/server-process.js';
import { storedRun, storeRuns } from '../harness/stored-runs.js';

const DUE = 400;
const KEPT = 10;
const KILLS = 2;
const DAY_MS = 86_400_000;

let database: TestDatabase;
let dataDir: string;
let server: ServerProcess | undefined;

beforeAll(async () => {
  database = await createTestDatabase();
  dataDir = await mkdtemp(join(tmpdir(), 'countersign-retention-'));
  const old = new Date(Date.now() - 100 * DAY_MS);
  const due = Array.from({ length: DUE }, (_, index) =>
    storedRun({ createdAt: old, contents: [`own ${index}`, `shared ${index % 50}`] }),
  );
  const kept = Array.from({ length: KEPT }, (_, index) =>
    storedRun({ contents: [`kept ${index}`, `shared ${index}`] }),
  );
  await storeRuns(database, [...due, ...kept]);
});
afterAll(async () => {
  await server?.end('SIGKILL');
  await database.close();
  await rm(dataDir, { recursive: true, force: true });
});

const startWorker = () =>
  ServerProcess.start({
    ...productEnv(database.url, dataDir),
    COUNTERSIGN_ROLE: 'worker',
    COUNTERSIGN__RETENTION__INTERVAL_MINUTES: '0.01',
    COUNTERSIGN__RETENTION__BATCH_SIZE: '3',
    COUNTERSIGN__RETENTION__PAUSE_MS: '5',
  });

const idsOf = async (table: string, column: string): Promise<string[]> =>
  (
    await database.query<{ id: string }>(`select distinct ${column}::text as id from ${table} order by 1`)
  ).map((row) => row.id);

/** Every run is whole or gone, and there is a record of each that is gone. */
async function expectWhole(): Promise<void> {
  const runs = await idsOf('workflow_run', 'id');
  for (const table of [
    'workflow_step',
    'workflow_event',
    'artifact',
    'approval',
    'delivery',
    'vault_token',
  ]) {
    expect(await idsOf(table, 'run_id'), table).toEqual(runs);
  }
  const [recorded] = await database.query<{ runs: number }>(
    `select coalesce(sum((convert_from(leaf, 'UTF8')::jsonb #>> '{detail,removed.workflow_run}')::int), 0)::int as runs
     from audit_event where type = 'retention.purged'`,
  );
  expect(recorded?.runs).toBe(DUE + KEPT - runs.length);
  const lost = await database.query(
    `select from workflow_run run where not exists (select from content where content.hash = run.input_hash)
       or not exists (select from content where content.hash = run.output_hash)`,
  );
  expect(lost).toEqual([]);
}

it('leaves every run whole or gone when its process is killed, and is finished by the next process', async () => {
  for (let kill = 1; kill <= KILLS; kill++) {
    const before = (await idsOf('workflow_run', 'id')).length;
    server = await startWorker();
    await expect
      .poll(async () => (await idsOf('workflow_run', 'id')).length, { timeout: 60_000, interval: 10 })
      .toBeLessThan(before);
    await server.end('SIGKILL');
    // What the killed process had under way is rolled back when its connections are found dead.
    await expect
      .poll(
        async () =>
          (
            await database.query(
              `select from pg_stat_activity
               where datname = current_database() and application_name = 'countersign' and state <> 'idle' and pid <> pg_backend_pid()`,
            )
          ).length,
        { timeout: 30_000 },
      )
      .toBe(0);
    await expectWhole();
  }
  server = await startWorker();
  await expect.poll(async () => (await idsOf('workflow_run', 'id')).length, { timeout: 60_000 }).toBe(KEPT);
  await expect
    .poll(async () => (await database.query('select from content_orphan')).length, { timeout: 60_000 })
    .toBe(0);
  await expectWhole();
  expect(await idsOf('content', 'hash')).toHaveLength(2 * KEPT);
}, 240_000);
