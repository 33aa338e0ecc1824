import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { campaignInReview, startCampaign, untilEnded } from '../harness/campaign.js';
import type { TestAnswer } from '../harness/http-client.js';
import { startInstance } from '../harness/instance.js';
import { type Product, startProduct } from '../harness/product.js';
import { isGenuine, type ReceivedMessage, WebhookReceiver } from '../harness/webhook-receiver.js';

const LONG = { timeout: 30_000 };

let product: Product;
let receiver: WebhookReceiver;

beforeAll(async () => {
  receiver = await new WebhookReceiver().listen();
  product = await startProduct({
    COUNTERSIGN__WEBHOOKS__ALLOW_HTTP: 'true',
    COUNTERSIGN__WEBHOOKS__ALLOW_PRIVATE_ADDRESSES: 'true',
    COUNTERSIGN__WEBHOOKS__POLL_MS: '50',
    COUNTERSIGN__WEBHOOKS__TIMEOUT_MS: '400',
    COUNTERSIGN__WEBHOOKS__RETRY_DELAYS_SECONDS: '1,1',
    COUNTERSIGN__WEBHOOKS__ENDPOINT_CONCURRENCY: '2',
  });
});
afterAll(async () => {
  await product.close();
  await receiver.close();
});

interface Made {
  readonly id: string;
  readonly secret: string;
}

async function makeEndpoint(name: string, parts: object = {}): Promise<Made> {
  const body = { url: receiver.urlOf(name), ...parts };
  const answer = await product.client.post('/v1/webhooks', body);
  expect(answer.status, answer.text).toBe(201);
  return answer.body as Made;
}

/** An endpoint that hears of nothing but what the test sends it. */
const quiet = (name: string) => makeEndpoint(name, { eventTypes: ['workflow.failed'] });
const patch = (id: string, body: object) => product.client.request('PATCH', `/v1/webhooks/${id}`, { body });
const deliveries = async (id: string, query = '') =>
  (await product.client.get(`/v1/webhooks/${id}/deliveries${query}`)).body.items as TestAnswer['body'][];
const show = async (id: string) => (await product.client.get(`/v1/webhooks/${id}`)).body;
const ids = (messages: readonly ReceivedMessage[]) => messages.map((each) => each.headers['webhook-id']);

async function sendTest(id: string): Promise<string> {
  const answer = await product.client.post(`/v1/webhooks/${id}/test`);
  expect(answer.status, answer.text).toBe(202);
  return answer.body.id as string;
}

async function untilStatus(id: string, deliveryId: string, status: string): Promise<TestAnswer['body']> {
  const found = async () => (await deliveries(id)).find((each) => each.id === deliveryId);
  await expect.poll(async () => (await found())?.status, LONG).toBe(status);
  return found();
}

async function auditOf(type: string, endpointId: string): Promise<Record<string, unknown>[]> {
  const rows = await product.database.query<{ leaf: Buffer }>(
    'select leaf from audit_event where type = $1 order by id',
    [type],
  );
  return rows
    .map((row) => JSON.parse(row.leaf.toString('utf8')) as { targets: { ref: string }[] })
    .filter(({ targets }) => targets[0]?.ref === endpointId);
}

async function rejectedRun(): Promise<string> {
  const id = await campaignInReview(product.client);
  await product.client.post(`/v1/workflows/${id}/approvals`, { decision: 'reject' });
  await untilEnded(product.client, id);
  return id;
}

describe('a webhook endpoint', () => {
  it('is told every event of a run, in order, once, and signed', async () => {
    const { secret } = await makeEndpoint('all', { eventTypes: ['*'] });
    const runId = await rejectedRun();
    const events = await product.database.query<{ seq: number; type: string; data: object }>(
      'select seq, type, data from workflow_event where run_id = $1 order by seq',
      [runId],
    );
    expect(events.length).toBeGreaterThan(10);
    await expect.poll(() => receiver.at('all').length, LONG).toBe(events.length);
    const messages = receiver.at('all');
    expect(messages.map(({ body }) => [body.data.sequence, body.type, body.data.details])).toEqual(
      events.map(({ seq, type, data }) => [seq, type, data]),
    );
    for (const message of messages) {
      expect(isGenuine(secret, message)).toBe(true);
      expect(message.body.data).toMatchObject({ runId, definition: 'email-campaign', definitionVersion: 1 });
      expect(message.headers['user-agent']).toMatch(/^countersign\//);
    }
    expect(messages.at(-1)?.body.data).toMatchObject({ status: 'REJECTED', phase: 'REVIEW' });
    expect(new Set(ids(messages)).size).toBe(events.length);
    expect(JSON.stringify(messages)).not.toMatch(/example\.com|Abernathy|Okafor/);
  });

  it('is told the types it asked for, about the definition it asked for, and nothing else', async () => {
    const ends = { eventTypes: ['workflow.rejected', 'workflow.completed'] };
    await makeEndpoint('ends', ends);
    await makeEndpoint('another-definition', { ...ends, definition: 'another-one' });
    await makeEndpoint('this-definition', { ...ends, definition: 'email-campaign' });
    const runId = await rejectedRun();
    await expect.poll(() => receiver.at('this-definition').length, LONG).toBe(1);
    await expect.poll(() => receiver.at('ends').length, LONG).toBe(1);
    expect(receiver.at('ends')[0]?.body).toMatchObject({ type: 'workflow.rejected', data: { runId } });
    expect(receiver.at('another-definition')).toEqual([]);
  });

  it('is told a test, and the log keeps what came of it but not the answer', async () => {
    const { id, secret } = await quiet('tested');
    receiver.reply('tested', 200);
    const deliveryId = await sendTest(id);
    const delivery = await untilStatus(id, deliveryId, 'succeeded');
    const [message] = receiver.at('tested');
    expect(message && isGenuine(secret, message)).toBe(true);
    expect(message?.body).toMatchObject({ type: 'webhook.test', data: { webhookId: id } });
    expect(delivery).toMatchObject({
      messageId: message?.headers['webhook-id'],
      type: 'webhook.test',
      runId: null,
      attemptCount: 1,
      nextAttemptAt: null,
      settledAt: expect.any(String),
      attempts: [
        {
          statusCode: 200,
          responseBytes: 'told you'.length,
          error: null,
          durationMs: expect.any(Number),
          at: expect.any(String),
        },
      ],
    });
    expect(JSON.stringify(await product.database.query('select * from webhook_delivery'))).not.toContain(
      'told you',
    );
    expect(await auditOf('webhook.tested', id)).toHaveLength(1);
  });
});

describe('a delivery that fails', () => {
  it('is tried again under the same id after an error and after silence, until it succeeds', async () => {
    const { id, secret } = await quiet('shaky');
    receiver.reply('shaky', 500, 'silence', 204);
    const delivery = await untilStatus(id, await sendTest(id), 'succeeded');
    const messages = receiver.at('shaky');
    expect(messages).toHaveLength(3);
    expect(new Set(ids(messages)).size).toBe(1);
    expect(new Set(messages.map(({ raw }) => raw)).size).toBe(1);
    expect(messages.every((message) => isGenuine(secret, message))).toBe(true);
    expect(
      delivery.attempts.map((each: { statusCode: number; error: string }) => [each.statusCode, each.error]),
    ).toEqual([
      [500, null],
      [null, 'TIMEOUT'],
      [204, null],
    ]);
    expect((await show(id)).failingSince).toBeNull();
  });

  it('follows no redirect', async () => {
    const { id } = await quiet('redirecting');
    receiver.reply('redirecting', { redirect: receiver.urlOf('redirected') }, 204);
    const delivery = await untilStatus(id, await sendTest(id), 'succeeded');
    expect(delivery.attempts[0].statusCode).toBe(307);
    expect(receiver.at('redirected')).toEqual([]);
  });

  it('fails for good at the end of its schedule, and is sent once more when somebody asks', async () => {
    const { id } = await quiet('broken');
    receiver.reply('broken', 503);
    const deliveryId = await sendTest(id);
    const failed = await untilStatus(id, deliveryId, 'failed');
    expect(failed).toMatchObject({ attemptCount: 3, nextAttemptAt: null });
    expect((await show(id)).failingSince).toEqual(expect.any(String));
    expect(await deliveries(id, '?status=failed')).toHaveLength(1);
    expect(await deliveries(id, '?status=succeeded')).toEqual([]);

    receiver.reply('broken', 204);
    const path = `/v1/webhooks/${id}/deliveries/${deliveryId}/redeliver`;
    const headers = { 'idempotency-key': 'once-more' };
    const answer = await product.client.post(path, undefined, { headers });
    expect(answer).toMatchObject({ status: 202, body: { id: deliveryId, status: 'pending' } });
    expect(await untilStatus(id, deliveryId, 'succeeded')).toMatchObject({ attemptCount: 4 });
    const again = await product.client.post(path, undefined, { headers });
    expect(again.headers.get('idempotent-replay')).toBe('true');
    expect(new Set(ids(receiver.at('broken'))).size).toBe(1);
    expect(await auditOf('webhook.redelivered', id)).toHaveLength(1);
  });

  it('ends the endpoint that answers 410, and what waits for it comes once it is enabled again', async () => {
    const { id } = await quiet('gone');
    receiver.reply('gone', 500, 410);
    const waiting = await sendTest(id);
    await untilStatus(id, waiting, 'pending');
    const refused = await sendTest(id);
    await expect.poll(async () => (await show(id)).disabledReason, LONG).toBe('gone');
    expect(await auditOf('webhook.disabled', id)).toMatchObject([
      { actor: { type: 'system' }, detail: { reason: 'gone' } },
    ]);
    const states = (await deliveries(id)).map((each) => each.status as string);
    expect(new Set(states)).toEqual(new Set(['failed', 'pending']));
    expect((await product.client.post(`/v1/webhooks/${id}/test`)).body.code).toBe('WEBHOOK_DISABLED');
    const redelivery = `/v1/webhooks/${id}/deliveries/${refused}/redeliver`;
    expect((await product.client.post(redelivery)).body.code).toBe('WEBHOOK_DISABLED');

    receiver.reply('gone', 204);
    expect((await patch(id, { enabled: true })).body).toMatchObject({ enabled: true, disabledReason: null });
    await expect.poll(async () => deliveries(id, '?status=pending'), LONG).toEqual([]);
    expect(await deliveries(id, '?status=succeeded')).toHaveLength(1);
  });

  it('disables an endpoint that has failed for five days', async () => {
    const { id } = await quiet('hopeless');
    receiver.reply('hopeless', 500);
    await sendTest(id);
    await expect.poll(async () => (await show(id)).failingSince, LONG).not.toBeNull();
    expect((await show(id)).enabled).toBe(true);
    await product.database.force(
      `update webhook_endpoint set failing_since = now() - interval '5 days' where id = $1`,
      [id],
    );
    await expect.poll(async () => (await show(id)).disabledReason, LONG).toBe('failing');
    expect(await auditOf('webhook.disabled', id)).toMatchObject([{ detail: { reason: 'failing' } }]);
  });

  it('does not keep the next one waiting, nor other endpoints', async () => {
    const [slow, quick] = [await quiet('slow'), await quiet('quick')];
    const release = Promise.withResolvers<void>();
    receiver.hold('slow', release.promise);
    for (let count = 0; count < 6; count++) await sendTest(slow.id);
    await expect.poll(() => receiver.open.get('/slow'), LONG).toBe(2);
    await untilStatus(quick.id, await sendTest(quick.id), 'succeeded');
    expect(receiver.open.get('/slow')).toBeGreaterThan(0);
    release.resolve();
    await expect.poll(async () => deliveries(slow.id, '?status=succeeded'), LONG).toHaveLength(6);
  });

  it('counts by its outcome', async () => {
    const { text } = await product.client.get('/metrics');
    for (const outcome of ['succeeded', 'retrying', 'failed']) {
      expect(
        Number(new RegExp(`webhook_deliveries_total{outcome="${outcome}"} (\\d+)`).exec(text)?.[1]),
      ).toBeGreaterThan(0);
    }
  });
});

describe('a signing secret', () => {
  it('is joined by the next one until its time is over: either tells a genuine message', async () => {
    const { id, secret: first } = await quiet('rotated');
    const rotate = (overlapSeconds: number) =>
      product.client.post(`/v1/webhooks/${id}/secrets`, { overlapSeconds });
    const second = (await rotate(3_600)).body.secret as string;
    await untilStatus(id, await sendTest(id), 'succeeded');
    const [both] = receiver.at('rotated');
    expect(both?.headers['webhook-signature']?.split(' ')).toHaveLength(2);
    expect([first, second].map((secret) => both && isGenuine(secret, both))).toEqual([true, true]);
    expect((await show(id)).secrets.map((each: { expiresAt: string | null }) => each.expiresAt)).toEqual([
      null,
      expect.any(String),
    ]);

    const third = (await rotate(0)).body.secret as string;
    await untilStatus(id, await sendTest(id), 'succeeded');
    const only = receiver.at('rotated')[1];
    expect([first, second, third].map((secret) => only && isGenuine(secret, only))).toEqual([
      false,
      false,
      true,
    ]);
    expect(await auditOf('webhook.secret_rotated', id)).toHaveLength(2);
  });

  it('stands nowhere in clear, and neither does the address', async () => {
    const { secret } = await quiet('sealed?token=of-the-receiver');
    const { body } = await product.client.post(
      '/v1/webhooks',
      { url: receiver.urlOf('kept'), eventTypes: ['*'] },
      {
        headers: { 'idempotency-key': 'an-endpoint' },
      },
    );
    const tables = ['webhook_endpoint', 'webhook_secret', 'idempotency_key', 'pgboss.job'];
    for (const table of tables) {
      const rows = await product.database.query<{ text: string }>(
        `select encode(convert_to(t::text, 'UTF8'), 'escape') as text from ${table} t`,
      );
      const text = JSON.stringify(rows);
      expect(text, table).not.toContain('of-the-receiver');
      expect(text, table).not.toContain(Buffer.from('of-the-receiver').toString('hex'));
      for (const each of [secret, body.secret as string]) {
        expect(text, table).not.toContain(each);
        expect(text, table).not.toContain(Buffer.from(each).toString('hex'));
      }
    }
    await product.client.request('DELETE', `/v1/webhooks/${body.id}`);
  });
});

describe('an endpoint that is disabled or deleted', () => {
  it('is not told what happens meanwhile', async () => {
    const { id } = await makeEndpoint('paused', { eventTypes: ['workflow.started'] });
    expect((await patch(id, { enabled: false })).body).toMatchObject({
      enabled: false,
      disabledReason: 'requested',
    });
    expect(await auditOf('webhook.disabled', id)).toMatchObject([
      { actor: { type: 'apiKey' }, detail: { reason: 'requested' } },
    ]);
    const witness = await makeEndpoint('witness', { eventTypes: ['workflow.started'] });
    await startCampaign(product.client);
    await expect.poll(() => receiver.at('witness').length, LONG).toBe(1);
    await patch(id, { enabled: true });
    await startCampaign(product.client);
    await expect.poll(() => receiver.at('paused').length, LONG).toBe(1);
    await expect.poll(() => receiver.at('witness').length, LONG).toBe(2);
    expect(receiver.at('paused')[0]?.body.data.runId).toBe(receiver.at('witness')[1]?.body.data.runId);
    for (const each of [id, witness.id]) await product.client.request('DELETE', `/v1/webhooks/${each}`);
  });

  it('loses its secrets, and what was on its way to it does not leave', async () => {
    const { id } = await quiet('deleted');
    receiver.reply('deleted', 500);
    await untilStatus(id, await sendTest(id), 'pending');
    await expect.poll(() => receiver.at('deleted').length, LONG).toBeGreaterThan(0);
    expect((await product.client.request('DELETE', `/v1/webhooks/${id}`)).status).toBe(204);
    expect(
      await product.database.query('select id from webhook_secret where endpoint_id = $1', [id]),
    ).toEqual([]);
    expect((await product.client.get(`/v1/webhooks/${id}/deliveries`)).status).toBe(404);
    expect(await auditOf('webhook.deleted', id)).toHaveLength(1);
    expect((await product.client.post('/v1/audit/verify')).body).toMatchObject({ valid: true });
  });
});

describe('an address that leads inside', () => {
  it('is not called by a process that may not, whatever was allowed when it was given', async () => {
    const strict = await startProduct({ COUNTERSIGN_ROLE: 'api' });
    const lenient = await startInstance(strict, {
      COUNTERSIGN_ROLE: 'api',
      COUNTERSIGN__WEBHOOKS__ALLOW_HTTP: 'true',
      COUNTERSIGN__WEBHOOKS__ALLOW_PRIVATE_ADDRESSES: 'true',
    });
    const worker = await startInstance(strict, {
      COUNTERSIGN_ROLE: 'worker',
      COUNTERSIGN__WEBHOOKS__ALLOW_HTTP: 'true',
    });
    try {
      const url = receiver.urlOf('inside').replace('127.0.0.1', 'localhost');
      const { body } = await lenient.client.post('/v1/webhooks', { url, eventTypes: ['*'] });
      await lenient.client.post(`/v1/webhooks/${body.id}/test`);
      const log = async () => (await strict.client.get(`/v1/webhooks/${body.id}/deliveries`)).body.items[0];
      await expect.poll(async () => (await log()).attemptCount, LONG).toBe(1);
      expect((await log()).attempts[0]).toMatchObject({ error: 'PRIVATE_ADDRESS', statusCode: null });
      expect(receiver.at('inside')).toEqual([]);
    } finally {
      await worker.close();
      await lenient.close();
      await strict.close();
    }
  });
});
