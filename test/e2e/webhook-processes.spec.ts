import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startCampaign } from '../harness/campaign.js';
import { createTestDatabase, type TestDatabase } from '../harness/database.js';
import { HttpClient } from '../harness/http-client.js';
import { ADMIN_KEY, productEnv } from '../harness/product.js';
import { ServerProcess } from '../harness/server-process.js';
import { isGenuine, WebhookReceiver } from '../harness/webhook-receiver.js';

const LONG = { timeout: 120_000, interval: 200 };
const RUNS = 8;

let database: TestDatabase;
let receiver: WebhookReceiver;
let dataDir: string;
let env: Record<string, string>;
let client: HttpClient;
const processes: ServerProcess[] = [];

beforeAll(async () => {
  receiver = await new WebhookReceiver().listen();
  database = await createTestDatabase();
  dataDir = await mkdtemp(join(tmpdir(), 'countersign-webhooks-'));
  env = {
    ...productEnv(database.url, dataDir),
    COUNTERSIGN__WEBHOOKS__ALLOW_HTTP: 'true',
    COUNTERSIGN__WEBHOOKS__ALLOW_PRIVATE_ADDRESSES: 'true',
    COUNTERSIGN__WEBHOOKS__RETRY_DELAYS_SECONDS: '1,1,1,1,1,1',
    COUNTERSIGN__WEBHOOKS__POLL_MS: '100',
  };
  client = new HttpClient((await start('api')).address, ADMIN_KEY);
});
afterAll(async () => {
  await Promise.all(processes.map((each) => each.end('SIGKILL')));
  await database.close();
  await receiver.close();
  await rm(dataDir, { recursive: true, force: true });
});

async function start(role: 'api' | 'worker'): Promise<ServerProcess> {
  const started = await ServerProcess.start({ ...env, COUNTERSIGN_ROLE: role });
  processes.push(started);
  return started;
}

async function makeEndpoint(name: string): Promise<string> {
  const { status, text, body } = await client.post('/v1/webhooks', {
    url: receiver.urlOf(name),
    eventTypes: ['*'],
  });
  expect(status, text).toBe(201);
  return body.secret as string;
}

/** Starts runs and waits until all of them wait for people. */
async function campaigns(count: number): Promise<void> {
  for (let number = 0; number < count; number++) await startCampaign(client);
  await untilNobodyWorks();
}

async function untilNobodyWorks(): Promise<void> {
  const open = `select count(*)::int as count from workflow_run where status in ('QUEUED', 'RUNNING')`;
  await expect.poll(async () => (await database.query(open))[0], LONG).toEqual({ count: 0 });
}

const written = async (): Promise<string[]> =>
  (await database.query<{ id: string }>(`select 'msg_' || run_id || '_' || seq as id from workflow_event`))
    .map(({ id }) => id)
    .toSorted();
const arrived = (name: string): string[] =>
  receiver.at(name).map(({ headers }) => headers['webhook-id'] ?? '');

describe('webhooks of two worker processes', () => {
  it('are told by nobody while there is no worker, and nothing is lost until there is one', async () => {
    await makeEndpoint('patient');
    await startCampaign(client);
    expect(arrived('patient')).toEqual([]);
    await start('worker');
    await untilNobodyWorks();
    const wanted = await written();
    await expect.poll(() => [...new Set(arrived('patient'))].toSorted(), LONG).toEqual(wanted);
  });

  it('each arrive once, in the order of their run', async () => {
    const before = new Set(await written());
    await makeEndpoint('calm');
    await start('worker');
    await campaigns(RUNS);
    const wanted = (await written()).filter((id) => !before.has(id));
    await expect.poll(() => new Set(arrived('calm')).size, LONG).toBe(wanted.length);
    expect(arrived('calm').toSorted()).toEqual(wanted);
    const byRun = Map.groupBy(receiver.at('calm'), ({ body }) => body.data.runId as string);
    for (const messages of byRun.values()) {
      expect(messages.map(({ body }) => body.data.sequence)).toEqual(
        messages.map((_message, index) => index + 1),
      );
    }
  });

  it('all arrive although workers are killed again and again', async () => {
    const before = new Set(await written());
    const secret = await makeEndpoint('stormy');
    for (let kill = 0; kill < 3; kill++) {
      const seen = arrived('stormy').length;
      for (let number = 0; number < 3; number++) await startCampaign(client);
      await expect.poll(() => arrived('stormy').length, LONG).toBeGreaterThan(seen + 3);
      const worker = processes.find((each) => each.isRunning && each !== processes[0]);
      await worker?.end('SIGKILL');
      await start('worker');
    }
    await campaigns(1);
    const wanted = (await written()).filter((id) => !before.has(id));
    await expect.poll(() => new Set(arrived('stormy')).size, LONG).toBe(wanted.length);
    expect([...new Set(arrived('stormy'))].toSorted()).toEqual(wanted);
    expect(receiver.at('stormy').every((message) => isGenuine(secret, message))).toBe(true);
    const pending = `select count(*)::int as count from webhook_delivery where status = 'pending'`;
    await expect.poll(async () => (await database.query(pending))[0], LONG).toEqual({ count: 0 });
    expect((await client.post('/v1/audit/verify')).body).toMatchObject({ valid: true });
  }, 240_000);
});
