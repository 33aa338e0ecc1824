import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ndjsonOf, noteRows, prepareNotes, untilStarted, upload } from '../harness/bulk-upload.js';
import { CanarySearch } from '../harness/canaries.js';
import { recipients } from '../harness/campaign.js';
import { createTestDatabase, type TestDatabase } from '../harness/database.js';
import { HttpClient } from '../harness/http-client.js';
import { databaseDump } from '../harness/leak-places.js';
import { ADMIN_KEY, productEnv } from '../harness/product.js';
import { SeededRandom } from '../harness/random.js';
import { ServerProcess } from '../harness/server-process.js';

const BATCHES = 2;
const ROWS = 600;
const KILLS = 3;
const SEED = Number(process.env['CRASH_SEED'] ?? 4_711);

/** Two uploads, taken in by one process and started by two others that are killed again and again. */
describe('rows of two batches on two worker processes that are killed with SIGKILL', () => {
  let database: TestDatabase;
  let dataDir: string;
  let env: Record<string, string>;
  let client: HttpClient;
  let batches: string[];
  const processes: ServerProcess[] = [];
  const findings: string[] = [];
  let sealedRows: number;

  async function start(role: 'api' | 'worker'): Promise<ServerProcess> {
    const started = await ServerProcess.start({ ...env, COUNTERSIGN_ROLE: role });
    processes.push(started);
    return started;
  }

  const count = async (text: string) =>
    (await database.query<{ count: number }>(`select count(*)::int as count from ${text}`))[0]?.count ?? 0;

  beforeAll(async () => {
    database = await createTestDatabase();
    dataDir = await mkdtemp(join(tmpdir(), 'countersign-bulk-'));
    env = productEnv(database.url, dataDir);
    client = new HttpClient((await start('api')).address, ADMIN_KEY);
    const query = await prepareNotes(client);
    batches = [];
    for (let batch = 0; batch < BATCHES; batch++) {
      const content = ndjsonOf(noteRows(ROWS, String(batch)));
      const { status, body, text } = await upload(client, content, { query });
      if (status !== 202) throw new Error(text);
      batches.push(body.batchId as string);
    }
    await lookForPeople();

    const random = new SeededRandom(SEED);
    const workers = [await start('worker'), await start('worker')];
    for (let kill = 0; kill < KILLS; kill++) {
      const wanted = (await count('workflow_run')) + random.between(50, 300);
      while ((await count('workflow_run')) < Math.min(wanted, BATCHES * ROWS)) await pause(10);
      const worker = random.pick(workers);
      await worker.end('SIGKILL');
      workers.splice(workers.indexOf(worker), 1, await start('worker'));
    }
    for (const id of batches) {
      await client.until(`/v1/workflows/bulk/${id}`, ({ body }) => body.settledAt !== null, 180_000);
    }
  }, 400_000);

  afterAll(async () => {
    await Promise.all(processes.map((each) => each.end('SIGKILL')));
    await database.close();
    await rm(dataDir, { recursive: true, force: true });
  });

  /** While every row is stored and none is started. */
  async function lookForPeople(): Promise<void> {
    sealedRows = await count('batch_row where sealed is not null');
    const people = recipients(3).flatMap(({ name, email }) => [
      { label: 'name', value: name },
      { label: 'e-mail', value: email },
    ]);
    const search = new CanarySearch(people);
    for (const [place, text] of Object.entries(await databaseDump(database)))
      findings.push(...search.findIn(text).map((finding) => `${place}: ${finding}`));
  }

  it('stand nowhere in clear before they are started', () => {
    expect(sealedRows).toBe(BATCHES * ROWS);
    expect(findings).toEqual([]);
  });

  it('are all started, each exactly once', async () => {
    const [runs] = await database.query<{ runs: number; origins: number }>(
      `select count(*)::int as runs, count(distinct attributes ->> 'origin')::int as origins from workflow_run`,
    );
    expect(runs).toEqual({ runs: BATCHES * ROWS, origins: BATCHES * ROWS });
    const [rows] = await database.query<{ rows: number; runs: number; states: string[] }>(
      `select count(*)::int as rows, count(distinct run_id)::int as runs, array_agg(distinct state) as states from batch_row`,
    );
    expect(rows).toEqual({ rows: BATCHES * ROWS, runs: BATCHES * ROWS, states: ['ended'] });
    const mixed = await database.query(
      `select from batch_row join workflow_run on id = run_id
        where split_part(attributes ->> 'origin', '-', 2)::int <> number - 1`,
    );
    expect(mixed).toEqual([]);
  });

  it('are counted exactly', async () => {
    for (const id of batches) {
      expect(await untilStarted(client, id)).toMatchObject({
        status: 'COMPLETED',
        rows: { total: ROWS, started: ROWS, failed: 0, pending: 0, cancelled: 0 },
        runs: { completed: ROWS, failed: 0, rejected: 0, cancelled: 0, open: 0 },
      });
    }
  });

  it('leave nothing of their content, no job, and a trail that verifies', async () => {
    expect(await count('batch_row where sealed is not null')).toBe(0);
    expect(await count(`pgboss.job where name = 'bulk.advance' and state not in ('completed')`)).toBe(0);
    expect(await count(`audit_event where type = 'batch.started'`)).toBe(BATCHES);
    expect(await count(`audit_event where type = 'batch.completed'`)).toBe(BATCHES);
    expect((await client.post('/v1/audit/verify')).body).toMatchObject({ valid: true, faults: [] });
  });
});
