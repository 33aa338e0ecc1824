import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { campaignInReview, recipients, startCampaign } from '../harness/campaign.js';
import { createTestDatabase, OTHER_TENANT_ID, type TestDatabase } from '../harness/database.js';
import { HttpClient } from '../harness/http-client.js';
import { modelEnv } from '../harness/model-env.js';
import { honestAnswer, type ModelCall, ModelServer } from '../harness/model-server.js';
import { expectProblem } from '../harness/problem.js';
import { ADMIN_KEY, type Product, productEnv, startProduct } from '../harness/product.js';
import { RunReader } from '../harness/run-reader.js';
import { ServerProcess } from '../harness/server-process.js';

const honest = (call: ModelCall) => ({ content: JSON.stringify(honestAnswer(call)) });
const hang = () => ({ hang: true }) as const;

/** Longer than a test takes: where a call ends sooner, it is not because its lease was lost. */
const SLOW_LEASES = { COUNTERSIGN__JOBS__HEARTBEAT_SECONDS: '60' };

async function auditTypes(client: HttpClient, runId: string): Promise<string[]> {
  const { body } = await client.get(`/v1/audit/events?workflowId=${runId}&limit=200`);
  return body.items.map(({ type }: { type: string }) => type);
}

async function startHanging(client: HttpClient, models: ModelServer): Promise<string> {
  const before = models.calls.length;
  const id = (await startCampaign(client)).body.id as string;
  await expect.poll(() => models.calls.length, { timeout: 30_000 }).toBeGreaterThan(before);
  return id;
}

describe('cancelling a run', () => {
  let models: ModelServer;
  let product: Product;
  let reader: RunReader;

  beforeAll(async () => {
    models = await ModelServer.start(honest);
    product = await startProduct({
      ...modelEnv(models.url),
      ...SLOW_LEASES,
      COUNTERSIGN_LOG_LEVEL: 'silent',
    });
    reader = new RunReader(product.client);
  });
  beforeEach(() => {
    models.reply = honest;
  });
  afterAll(async () => {
    await product?.close();
    await models?.close();
  });

  const cancel = (id: string, body?: object, options?: { key?: string; headers?: Record<string, string> }) =>
    product.client.post(`/v1/workflows/${id}/cancel`, body, options);

  it('closes the connection of the model call under way, and says so in history and audit trail', async () => {
    models.reply = hang;
    const abandoned = models.abandoned.length;
    const id = await startHanging(product.client, models);
    expect((await cancel(id)).body).toMatchObject({ id, status: 'CANCELLED', attempt: 1, forkedFrom: null });
    await expect.poll(() => models.abandoned.length, { timeout: 30_000 }).toBe(abandoned + 1);
    await expect
      .poll(async () => (await reader.history(id)).slice(-2).map(({ kind, status }) => [kind, status]))
      .toEqual([
        ['control', 'cancelled'],
        ['control', 'cancel_acknowledged'],
      ]);
    expect(await auditTypes(product.client, id)).toContain('workflow.cancel_acknowledged');
    expect((await product.client.post('/v1/audit/verify')).body).toMatchObject({ valid: true });
  });

  it('leaves no job of the run behind', async () => {
    models.reply = hang;
    const running = await startHanging(product.client, models);
    models.reply = honest;
    const waiting = await campaignInReview(product.client);
    const jobs = (id: string) =>
      product.database.query(`select name, state from pgboss.job where data ->> 'runId' = $1`, [id]);
    expect(await jobs(running)).toEqual([{ name: 'workflow.drive', state: 'active' }]);
    expect(await jobs(waiting)).toEqual([{ name: 'workflow.drive', state: 'created' }]);
    for (const id of [running, waiting]) {
      expect((await cancel(id)).status).toBe(202);
      expect(await jobs(id)).toEqual([]);
    }
  });

  it('ends the stream of its events with the cancellation, which stays the last event', async () => {
    models.reply = hang;
    const id = await startHanging(product.client, models);
    const stream = product.client.get(`/v1/workflows/${id}/events`);
    await cancel(id);
    const { text } = await stream;
    expect([...text.matchAll(/event: (.*)/g)].at(-1)?.[1]).toBe('workflow.cancelled');
    await expect.poll(async () => (await reader.history(id)).at(-1)?.status).toBe('cancel_acknowledged');
    const last = [...text.matchAll(/id: (\d+)/g)].at(-1)?.[1] ?? '';
    const again = await product.client.get(`/v1/workflows/${id}/events`, {
      headers: { 'last-event-id': last },
    });
    expect(again.status).toBe(204);
  });

  it('keeps the reason with tokens in place of personal data', async () => {
    const id = await campaignInReview(product.client);
    const [person] = recipients(1);
    const reason = `Asked for by ${person?.name} (${person?.email}) and by zoltan.kerekes@example.com`;
    expect((await cancel(id, { reason })).status).toBe(202);
    const kept = (await reader.history(id)).find(({ status }) => status === 'cancelled')?.detail?.['reason'];
    expect(kept).toMatch(/^Asked for by ⟦PERSON_\d+⟧ \(⟦EMAIL_\d+⟧\) and by ⟦EMAIL_\d+⟧$/);
    const [{ rows }] = (await product.database.query<{ rows: string }>(
      `select string_agg(to_jsonb(s)::text, '') as rows from workflow_step s where run_id = $1`,
      [id],
    )) as [{ rows: string }];
    expect(rows).not.toContain('zoltan.kerekes');
  });

  it.each([{ reason: '' }, { reason: 5 }, { reason: 'x'.repeat(2_001) }, { why: 'because' }])(
    'refuses %o as its body',
    async (body) => {
      const id = await campaignInReview(product.client);
      expectProblem(await cancel(id, body), 400, 'VALIDATION_FAILED');
      expect((await reader.run(id)).status).toBe('WAITING_FOR_APPROVAL');
    },
  );

  it('a second time is refused, unless it repeats the first', async () => {
    const id = await campaignInReview(product.client);
    const headers = { 'idempotency-key': `cancel-${id}` };
    const first = await cancel(id, { reason: 'No budget' }, { headers });
    expect(first.status).toBe(202);
    expect((await cancel(id, { reason: 'No budget' }, { headers })).body).toEqual(first.body);
    expectProblem(await cancel(id), 409, 'RUN_ALREADY_ENDED');
    expect(
      (await auditTypes(product.client, id)).filter((type) => type === 'workflow.cancelled'),
    ).toHaveLength(1);
  });

  it('is for those who may, and for runs of their tenant', async () => {
    const id = await campaignInReview(product.client);
    const reviewer = await product.makeKey('reviewer');
    expectProblem(await cancel(id, undefined, { key: reviewer.key }), 403, 'FORBIDDEN');
    expectProblem(await cancel(id, undefined, { key: 'cs_test_nobody' }), 401, 'UNAUTHENTICATED');
    const stranger = await product.makeKey('admin');
    await product.database.force('update api_key set tenant_id = $1 where id = $2', [
      OTHER_TENANT_ID,
      stranger.id,
    ]);
    expectProblem(await cancel(id, undefined, { key: stranger.key }), 404, 'WORKFLOW_NOT_FOUND');
    expectProblem(await cancel('not-an-id'), 404, 'WORKFLOW_NOT_FOUND');
    expect((await reader.run(id)).status).toBe('WAITING_FOR_APPROVAL');
  });
});

describe.each([
  ['by a notification', SLOW_LEASES],
  ['by its lease where no notification arrives', { COUNTERSIGN__JOBS__HEARTBEAT_SECONDS: '10' }],
])('a run driven by another process', (how, env) => {
  let models: ModelServer;
  let database: TestDatabase;
  let dataDir: string;
  const processes: ServerProcess[] = [];

  beforeAll(async () => {
    models = await ModelServer.start(hang);
    database = await createTestDatabase();
    dataDir = await mkdtemp(join(tmpdir(), 'countersign-cancel-'));
    const common = { ...productEnv(database.url, dataDir), ...modelEnv(models.url), ...env };
    for (const role of ['api', 'worker']) {
      processes.push(await ServerProcess.start({ ...common, COUNTERSIGN_ROLE: role }));
    }
  });
  afterAll(async () => {
    await Promise.all(processes.map((each) => each.end('SIGKILL')));
    await database?.close();
    await models?.close();
    await rm(dataDir, { recursive: true, force: true });
  });

  it(`is interrupted there ${how}`, async () => {
    const client = new HttpClient(processes[0]?.address ?? '', ADMIN_KEY);
    const id = await startHanging(client, models);
    if (env !== SLOW_LEASES) await deafen(database);
    expect((await client.post(`/v1/workflows/${id}/cancel`)).status).toBe(202);
    await expect.poll(() => models.abandoned.length, { timeout: 30_000 }).toBe(1);
    await expect
      .poll(async () => (await new RunReader(client).history(id)).at(-1)?.status, { timeout: 30_000 })
      .toBe('cancel_acknowledged');
    expect(processes[1]?.output()).toContain('"event":"workflow.cancel_acknowledged"');
  });
});

/** Ends every connection of the queue, those that listen among them: nobody is told anything until it has connected again. */
async function deafen(database: TestDatabase): Promise<void> {
  const ended = await database.query(
    `select pg_terminate_backend(pid) from pg_stat_activity
     where datname = current_database() and application_name = 'countersign-jobs'`,
  );
  // At least the queue's own in both processes, and that of the worker for its claims.
  expect(ended.length).toBeGreaterThanOrEqual(3);
}
