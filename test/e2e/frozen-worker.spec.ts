import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startCampaign } from '../harness/campaign.js';
import { createTestDatabase, type TestDatabase } from '../harness/database.js';
import { HttpClient } from '../harness/http-client.js';
import { honestAnswer, ModelServer } from '../harness/model-server.js';
import { ADMIN_KEY, productEnv } from '../harness/product.js';
import { ServerProcess } from '../harness/server-process.js';

let database: TestDatabase;
let dataDir: string;
let models: ModelServer;
const processes: ServerProcess[] = [];
/** Called when the model is asked for a strategy, before it answers. */
let onStrategy = (): void => undefined;

beforeAll(async () => {
  database = await createTestDatabase();
  dataDir = await mkdtemp(join(tmpdir(), 'countersign-frozen-'));
  models = await ModelServer.start((call) => {
    if (call.agent === 'strategy_generator') onStrategy();
    return { content: JSON.stringify(honestAnswer(call)) };
  });
});
afterAll(async () => {
  await Promise.all(processes.map((each) => each.end('SIGKILL')));
  await models.close();
  await database.close();
  await rm(dataDir, { recursive: true, force: true });
});

async function start(role: string): Promise<ServerProcess> {
  const started = await ServerProcess.start({
    ...productEnv(database.url, dataDir),
    COUNTERSIGN_ROLE: role,
    COUNTERSIGN__LLM__PROVIDER: 'openai-compatible',
    COUNTERSIGN__LLM__BASE_URL: models.url,
    COUNTERSIGN__LLM__MODEL: 'mock-1',
    COUNTERSIGN__LLM__TIMEOUT_MS: '120000',
  });
  processes.push(started);
  return started;
}

it('a worker that was frozen for longer than its lease commits nothing when it wakes, and asks no model again', async () => {
  const api = await start('api');
  const frozen = await start('worker');
  const stopped = Promise.withResolvers<void>();
  // Its question is out, and the answer waits for it when it wakes.
  onStrategy = () => {
    onStrategy = () => undefined;
    process.kill(frozen.pid, 'SIGSTOP');
    stopped.resolve();
  };
  const client = new HttpClient(api.address, ADMIN_KEY);
  const id = (await startCampaign(client, { count: 2 })).body.id as string;
  await stopped.promise;

  await start('worker');
  await client.until(
    `/v1/workflows/${id}`,
    (answer) => answer.body.status === 'WAITING_FOR_APPROVAL',
    90_000,
  );
  // The strategy was asked for by both; everything else once.
  const calls = models.calls.map(({ agent }) => agent);
  expect(calls.filter((agent) => agent === 'strategy_generator')).toHaveLength(2);
  expect(calls).toHaveLength(6);
  const before = await database.query('select version, history_seq, audit_seq from workflow_run');

  process.kill(frozen.pid, 'SIGCONT');
  await expect
    .poll(() => /"event":"(workflow\.run_changed|jobs\.lost)"/.test(frozen.output()), { timeout: 60_000 })
    .toBe(true);

  expect(await database.query('select version, history_seq, audit_seq from workflow_run')).toEqual(before);
  expect(models.calls).toHaveLength(6);
  expect(frozen.isRunning).toBe(true);
  const steps = await database.query<{ step_key: string }>(
    `select step_key from workflow_step where kind = 'step' and status = 'completed' order by seq`,
  );
  expect(new Set(steps.map((row) => row.step_key)).size).toBe(steps.length);
  expect((await client.post('/v1/audit/verify')).body).toMatchObject({ valid: true });
}, 240_000);
