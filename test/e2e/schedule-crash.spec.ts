import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../harness/database.js';
import { HttpClient } from '../harness/http-client.js';
import { ADMIN_KEY, productEnv } from '../harness/product.js';
import { SeededRandom } from '../harness/random.js';
import { makeSchedule } from '../harness/schedules.js';
import { ServerProcess } from '../harness/server-process.js';

const FIRES = 120;
const KILLS = 5;
const SEED = Number(process.env['CRASH_SEED'] ?? 4_711);

let database: TestDatabase;
let dataDir: string;
let client: HttpClient;
let env: Record<string, string>;
const processes: ServerProcess[] = [];

beforeAll(async () => {
  database = await createTestDatabase();
  dataDir = await mkdtemp(join(tmpdir(), 'countersign-schedules-'));
  env = { ...productEnv(database.url, dataDir), COUNTERSIGN__SCHEDULES__SWEEP_INTERVAL_SECONDS: '2' };
  const api = await ServerProcess.start({ ...env, COUNTERSIGN_ROLE: 'api' });
  processes.push(api);
  client = new HttpClient(api.address, ADMIN_KEY);
});

afterAll(async () => {
  await Promise.all(processes.map((each) => each.end('SIGKILL')));
  await database.close();
  await rm(dataDir, { recursive: true, force: true });
});

async function startWorker(): Promise<ServerProcess> {
  const worker = await ServerProcess.start({ ...env, COUNTERSIGN_ROLE: 'worker' });
  processes.push(worker);
  return worker;
}

async function countOf(text: string): Promise<number> {
  const [row] = await database.query<{ count: number }>(`select count(*)::int as count ${text}`);
  return row?.count ?? 0;
}

const started = () => countOf(`from schedule_fire where outcome = 'started'`);

it('starts one run for each fire time, whenever a worker is killed', { timeout: 240_000 }, async () => {
  const random = new SeededRandom(SEED);
  const schedule = await makeSchedule({ client }, { cron: '0 0 * * *', overlap: 'allow' });
  const workers = [await startWorker(), await startWorker()];
  const to = new Date(Date.UTC(2026, 0, FIRES)).toISOString();
  const span = { from: '2026-01-01T00:00:00Z', to };
  const asked = await client.post(`/v1/schedules/${schedule.id}/backfill`, span);
  expect(asked.body).toEqual({ accepted: FIRES, alreadyFired: 0 });

  for (let kill = 0; kill < KILLS; kill++) {
    const wanted = Math.min(FIRES - 1, (await started()) + random.between(1, 15));
    while ((await started()) < wanted) await pause(2);
    // Whichever of them holds the job: the other one is given it.
    await Promise.all(workers.map((worker) => worker.end('SIGKILL')));
    workers.splice(0, 2, await startWorker(), await startWorker());
  }

  await expect.poll(started, { timeout: 120_000 }).toBe(FIRES);
  expect(await countOf('from schedule_fire')).toBe(FIRES);
  // Not one run that no fire knows, not two for one fire, and each with its records.
  expect(await countOf('from workflow_run')).toBe(FIRES);
  expect(await countOf('from (select distinct run_id from schedule_fire) as runs')).toBe(FIRES);
  expect(await countOf(`from audit_event where type = 'schedule.fired'`)).toBe(FIRES);
  expect(await countOf(`from audit_event where type = 'workflow.started'`)).toBe(FIRES);
  expect((await client.get(`/v1/schedules/${schedule.id}`)).body.counts.started).toBe(FIRES);
  expect((await client.post('/v1/audit/verify')).body).toMatchObject({ valid: true, faults: [] });
});
