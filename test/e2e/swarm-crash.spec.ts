import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { untilEnded } from '../harness/campaign.js';
import { createTestDatabase, type TestDatabase } from '../harness/database.js';
import { HttpClient } from '../harness/http-client.js';
import { type ModelCall, type ModelReply, ModelServer } from '../harness/model-server.js';
import { ADMIN_KEY, productEnv } from '../harness/product.js';
import { ServerProcess } from '../harness/server-process.js';
import {
  answerTo,
  ask,
  askEach,
  defineWorkflow,
  modelEnv,
  nameIn,
  startSmall,
} from '../harness/small-workflow.js';

let database: TestDatabase;
let dataDir: string;
let models: ModelServer;
let env: Record<string, string>;
let client: HttpClient;
const processes: ServerProcess[] = [];
/** Steps that get no answer. */
let held: ReadonlySet<string> = new Set();

beforeAll(async () => {
  database = await createTestDatabase();
  dataDir = await mkdtemp(join(tmpdir(), 'countersign-swarm-'));
  models = await ModelServer.start((call: ModelCall): ModelReply | Promise<ModelReply> =>
    held.has(nameIn(call)) ? new Promise(() => {}) : answerTo(call),
  );
  env = { ...productEnv(database.url, dataDir), ...modelEnv(models.url), COUNTERSIGN_LOG_LEVEL: 'info' };
  client = new HttpClient((await startProcess('api')).address, ADMIN_KEY);
});
afterAll(async () => {
  await Promise.all(processes.map((each) => each.end('SIGKILL')));
  await models?.close();
  await database?.close();
  await rm(dataDir, { recursive: true, force: true });
});

async function startProcess(role: 'api' | 'worker'): Promise<ServerProcess> {
  const started = await ServerProcess.start({ ...env, COUNTERSIGN_ROLE: role });
  processes.push(started);
  return started;
}

const called = (name: string) => models.calls.filter((call) => nameIn(call) === name).length;
const doneSteps = (id: string) =>
  database
    .query<{ count: number }>(
      `select coalesce(sum(coalesce(jsonb_array_length(nullif(detail -> 'indexes', 'null'::jsonb)),
         (detail ->> 'calls')::int)), 0)::int as count
       from workflow_step where run_id = '${id}' and kind = 'step' and status = 'completed'`,
    )
    .then(([row]) => row?.count);

/** Kills the worker with its run where it is, lets everything be answered, and waits for another one to end it. */
async function killedAndTakenOver(worker: ServerProcess, id: string) {
  await worker.end('SIGKILL');
  held = new Set();
  await startProcess('worker');
  return untilEnded(client, id, 60_000);
}

describe('a worker killed with SIGKILL', () => {
  it('in a parallel phase costs only the answers that were not there yet', async () => {
    const names = ['a', 'b', 'c', 'd'];
    const definition = await defineWorkflow(client, {
      GENERATION: { mode: 'parallel', agents: names.map((name) => ask(name)) },
    });
    held = new Set(['b', 'd']);
    const worker = await startProcess('worker');
    const id = await startSmall(client, definition);
    await expect.poll(() => doneSteps(id), { timeout: 30_000 }).toBe(2);
    expect(await killedAndTakenOver(worker, id)).toMatchObject({ status: 'COMPLETED' });
    expect(names.map(called)).toEqual([1, 2, 1, 2]);
  }, 120_000);

  it('in the middle of a batch keeps the answers of its items', async () => {
    const definition = await defineWorkflow(client, { GENERATION: { agents: [askEach()] } });
    held = new Set(['r0', 'r3']);
    const worker = processes.at(-1) as ServerProcess;
    const id = await startSmall(client, definition, { count: 6 });
    await expect.poll(() => doneSteps(id), { timeout: 30_000 }).toBe(4);
    expect(await killedAndTakenOver(worker, id)).toMatchObject({ status: 'COMPLETED' });
    expect([0, 1, 2, 3, 4, 5].map((index) => called(`r${index}`))).toEqual([2, 1, 1, 2, 1, 1]);
    const { body } = await client.post('/v1/audit/verify');
    expect(body).toMatchObject({ valid: true });
  }, 120_000);
});
