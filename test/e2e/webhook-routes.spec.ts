import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newId } from '../../src/kernel/ids.js';
import { OTHER_TENANT_ID } from '../harness/database.js';
import type { Method } from '../harness/http-client.js';
import { auditTypes, expectProblem } from '../harness/problem.js';
import { type Product, startProduct } from '../harness/product.js';

/** A public address that nobody is called at: there is no worker. */
const URL_GIVEN = 'https://1.1.1.1/hook';

let product: Product;
let id: string;
let deliveryId: string;
const keys = { operator: '', reviewer: '', other: '' };

beforeAll(async () => {
  product = await startProduct({ COUNTERSIGN_ROLE: 'api', COUNTERSIGN__WEBHOOKS__MAX_ENDPOINTS: '4' });
  keys.operator = (await product.makeKey('operator')).key;
  keys.reviewer = (await product.makeKey('reviewer')).key;
  const other = await product.makeKey('admin');
  await product.database.force('update api_key set tenant_id = $1 where id = $2', [
    OTHER_TENANT_ID,
    other.id,
  ]);
  keys.other = other.key;
  id = (await create()).body.id as string;
  deliveryId = (await product.client.post(`/v1/webhooks/${id}/test`)).body.id as string;
});
afterAll(() => product.close());

const create = (parts: object = {}, options: object = {}) =>
  product.client.post('/v1/webhooks', { url: URL_GIVEN, eventTypes: ['*'], ...parts }, options);
const patch = (body: unknown, of = id) => product.client.request('PATCH', `/v1/webhooks/${of}`, { body });
const remove = (of: string) => product.client.request('DELETE', `/v1/webhooks/${of}`);

/** Every route about one endpoint; those that change something say so. */
const ROUTES: [method: Method, path: string, body: unknown, permission: 'manage' | 'read'][] = [
  ['GET', '', undefined, 'read'],
  ['PATCH', '', { description: 'other' }, 'manage'],
  ['DELETE', '', undefined, 'manage'],
  ['POST', '/secrets', {}, 'manage'],
  ['POST', '/test', undefined, 'manage'],
  ['GET', '/deliveries', undefined, 'read'],
  ['POST', '/deliveries/:deliveryId/redeliver', undefined, 'manage'],
];
const pathOf = (suffix: string, endpointId: string, delivery = deliveryId) =>
  `/v1/webhooks/${endpointId}${suffix.replace(':deliveryId', delivery)}`;

describe.each(ROUTES)('%s /v1/webhooks/:id%s', (method, suffix, body, permission) => {
  it('is closed without a key, and to who may not', async () => {
    expectProblem(
      await product.client.request(method, pathOf(suffix, id), { body, key: '' }),
      401,
      'UNAUTHENTICATED',
    );
    const key = permission === 'read' ? keys.reviewer : keys.operator;
    expectProblem(await product.client.request(method, pathOf(suffix, id), { body, key }), 403, 'FORBIDDEN');
  });

  it('finds no endpoint that is not there, is no id, or is somebody else’s', async () => {
    const asked: [string, string?][] = [[newId()], ['nonsense'], [id, keys.other]];
    for (const [endpointId, key] of asked) {
      const answer = await product.client.request(method, pathOf(suffix, endpointId), { body, key });
      expectProblem(answer, 404, 'WEBHOOK_NOT_FOUND');
    }
  });
});

describe('POST /v1/webhooks', () => {
  it('answers the endpoint with its secret, once, and records it', async () => {
    const headers = { 'idempotency-key': 'the-endpoint' };
    const parts = {
      description: 'CRM sync',
      definition: 'email-campaign',
      eventTypes: ['workflow.completed'],
    };
    const answer = await create(parts, { headers });
    expect(answer.status).toBe(201);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(answer.body).toEqual({
      id: expect.any(String),
      url: URL_GIVEN,
      ...parts,
      enabled: true,
      disabledReason: null,
      failingSince: null,
      secrets: [{ id: expect.any(String), createdAt: expect.any(String), expiresAt: null }],
      createdBy: expect.any(String),
      createdAt: expect.any(String),
      updatedAt: expect.any(String),
      secret: expect.stringMatching(/^whsec_[A-Za-z0-9+/]{43}=$/),
    });
    expect((await create(parts, { headers })).body).toEqual(answer.body);
    const { secret, ...shown } = answer.body as Record<string, unknown>;
    expect(secret).toBeDefined();
    expect((await product.client.get(`/v1/webhooks/${answer.body.id}`)).body).toEqual(shown);
    expect(await auditTypes(product)).toContain('webhook.created');
    await remove(answer.body.id as string);
  });

  it.each([
    ['url', { url: undefined }],
    ['url', { url: 42 }],
    ['url', { url: '' }],
    ['url', { url: 'hooks.example.com' }],
    ['url', { url: 'ftp://1.1.1.1/' }],
    ['url', { url: 'http://1.1.1.1/' }],
    ['url', { url: 'https://name:word@1.1.1.1/' }],
    ['url', { url: 'https://127.0.0.1/' }],
    ['url', { url: 'https://[::1]/' }],
    ['url', { url: 'https://169.254.169.254/latest' }],
    ['url', { url: 'https://10.1.2.3/' }],
    ['url', { url: 'https://localhost/' }],
    ['url', { url: `https://1.1.1.1/${'x'.repeat(2_048)}` }],
    ['eventTypes', { eventTypes: undefined }],
    ['eventTypes', { eventTypes: [] }],
    ['eventTypes', { eventTypes: 'workflow.completed' }],
    ['eventTypes', { eventTypes: ['workflow.complete'] }],
    ['eventTypes', { eventTypes: ['workflow.failed', 'workflow.failed'] }],
    ['eventTypes', { eventTypes: ['*', 'workflow.failed'] }],
    ['description', { description: 'two\nlines' }],
    ['description', { description: 'ask ada@example.org' }],
    ['definition', { definition: 'No Such Name' }],
    ['colour', { colour: 'red' }],
  ])('refuses a wrong %s: %j', async (path, parts) => {
    const answer = await create(parts);
    expectProblem(answer, 400, 'VALIDATION_FAILED');
    expect(answer.body.errors.map((each: { path: string }) => each.path)).toContain(path);
  });

  it('refuses one too many, however many ask at once', async () => {
    const answers = await Promise.all(Array.from({ length: 6 }, () => create()));
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(3);
    expect(answers.filter(({ status }) => status === 409)).toHaveLength(3);
    const refused = answers.find(({ status }) => status === 409);
    if (refused) expectProblem(refused, 409, 'WEBHOOK_LIMIT_REACHED');
    for (const { status, body } of answers) if (status === 201) await remove(body.id as string);
  });

  it('is closed to who may only read', async () => {
    expectProblem(await create({}, { key: keys.operator }), 403, 'FORBIDDEN');
  });
});

describe('GET /v1/webhooks', () => {
  it('lists the endpoints of the tenant in pages, newest first, without those deleted', async () => {
    const second = (await create()).body.id as string;
    const deleted = (await create()).body.id as string;
    await remove(deleted);
    const first = await product.client.get('/v1/webhooks?limit=1', { key: keys.operator });
    expect(first.body.items.map((each: { id: string }) => each.id)).toEqual([second]);
    const next = await product.client.get(`/v1/webhooks?limit=1&cursor=${first.body.nextCursor}`);
    expect(next.body).toMatchObject({ items: [{ id }], nextCursor: null });
    expect((await product.client.get('/v1/webhooks', { key: keys.other })).body.items).toEqual([]);
    expectProblem(await product.client.get('/v1/webhooks?cursor=x'), 400, 'INVALID_CURSOR');
    expectProblem(await product.client.get('/v1/webhooks', { key: keys.reviewer }), 403, 'FORBIDDEN');
    await remove(second);
  });
});

describe('PATCH /v1/webhooks/:id', () => {
  it('changes what is named and leaves the rest', async () => {
    const before = (await product.client.get(`/v1/webhooks/${id}`)).body;
    const changed = await patch({
      eventTypes: ['workflow.failed'],
      description: 'CRM',
      definition: 'email-campaign',
    });
    expect(changed.body).toEqual({
      ...before,
      eventTypes: ['workflow.failed'],
      description: 'CRM',
      definition: 'email-campaign',
      updatedAt: expect.any(String),
    });
    expect(
      (await patch({ url: 'https://8.8.8.8/', description: null, definition: null })).body,
    ).toMatchObject({
      url: 'https://8.8.8.8/',
      description: null,
      definition: null,
      eventTypes: ['workflow.failed'],
    });
    const count = (await auditTypes(product)).filter((type) => type === 'webhook.updated').length;
    expect(count).toBeGreaterThanOrEqual(2);
    expect((await patch({})).status).toBe(200);
    expect((await auditTypes(product)).filter((type) => type === 'webhook.updated')).toHaveLength(count);
  });

  it.each([
    { url: null },
    { url: 'https://10.0.0.1/' },
    { eventTypes: null },
    { eventTypes: [] },
    { enabled: 'yes' },
    { enabled: null },
    { secret: 'whsec_mine' },
  ])('refuses %j', async (body) => {
    expectProblem(await patch(body), 400, 'VALIDATION_FAILED');
  });
});

describe('DELETE /v1/webhooks/:id', () => {
  it('is done once', async () => {
    const { body } = await create();
    expect((await remove(body.id as string)).status).toBe(204);
    expectProblem(await remove(body.id as string), 404, 'WEBHOOK_NOT_FOUND');
    expectProblem(await patch({ enabled: true }, body.id as string), 404, 'WEBHOOK_NOT_FOUND');
  });
});

describe('POST /v1/webhooks/:id/secrets', () => {
  it('answers the secret, the same to a repetition, and keeps to five', async () => {
    const { body } = await create();
    const rotate = (overlapSeconds?: unknown, headers: Record<string, string> = {}) =>
      product.client.post(`/v1/webhooks/${body.id}/secrets`, { overlapSeconds }, { headers });
    const first = await rotate(60, { 'idempotency-key': 'rotation' });
    expect(first).toMatchObject({
      status: 201,
      body: { secret: expect.stringMatching(/^whsec_/), expiresAt: null },
    });
    expect((await rotate(60, { 'idempotency-key': 'rotation' })).body).toEqual(first.body);
    for (let count = 0; count < 3; count++) expect((await rotate()).status).toBe(201);
    expectProblem(await rotate(), 409, 'WEBHOOK_SECRET_LIMIT_REACHED');
    expect((await rotate(0)).status).toBe(201);
    expect((await product.client.get(`/v1/webhooks/${body.id}`)).body.secrets).toHaveLength(1);
    const bodiless = await product.client.post(`/v1/webhooks/${body.id}/secrets`);
    expect(bodiless.status, bodiless.text).toBe(201);
    for (const wrong of [-1, 604_801, 1.5, 'long'])
      expectProblem(await rotate(wrong), 400, 'VALIDATION_FAILED');
    await remove(body.id as string);
  });
});

describe('the deliveries of an endpoint', () => {
  it('come in pages, by status', async () => {
    const second = (await product.client.post(`/v1/webhooks/${id}/test`)).body.id as string;
    const list = (query: string) => product.client.get(`/v1/webhooks/${id}/deliveries?${query}`);
    const first = await list('limit=1&status=pending');
    expect(first.body.items).toMatchObject([
      { id: second, status: 'pending', attemptCount: 0, attempts: [], nextAttemptAt: expect.any(String) },
    ]);
    const next = await list(`limit=1&status=pending&cursor=${first.body.nextCursor}`);
    expect(next.body).toMatchObject({ items: [{ id: deliveryId }], nextCursor: null });
    expect((await list('status=failed')).body.items).toEqual([]);
    expectProblem(await list('status=lost'), 400, 'VALIDATION_FAILED');
  });

  it('are tested once for one key', async () => {
    const test = () =>
      product.client.post(`/v1/webhooks/${id}/test`, undefined, {
        headers: { 'idempotency-key': 'one-test' },
      });
    expect((await test()).body).toEqual((await test()).body);
  });

  it('are sent again only where they belong', async () => {
    const { body } = await create();
    for (const [endpointId, delivery] of [
      [body.id as string, deliveryId],
      [id, newId()],
      [id, 'nonsense'],
    ] as const) {
      const answer = await product.client.post(`/v1/webhooks/${endpointId}/deliveries/${delivery}/redeliver`);
      expectProblem(answer, 404, 'WEBHOOK_DELIVERY_NOT_FOUND');
    }
    await remove(body.id as string);
  });
});

describe('the log', () => {
  it('is forgotten when its time is over, with deleted endpoints and ended secrets', async () => {
    const { WebhookUpkeep } = await import('../../src/webhooks/upkeep/webhook-upkeep.service.js');
    const upkeep = product.app.get(WebhookUpkeep, { strict: false });
    const old = (await product.client.post(`/v1/webhooks/${id}/test`)).body;
    await product.client.post(`/v1/webhooks/${id}/secrets`, { overlapSeconds: 0 });
    const deleted = (await create()).body.id as string;
    await product.client.post(`/v1/webhooks/${deleted}/test`);
    await remove(deleted);
    await product.database.force(
      `update webhook_message set created_at = now() - interval '31 days' where id = $1`,
      [old.messageId],
    );
    const count = async (table: string) =>
      (await product.database.query<{ count: number }>(`select count(*)::int as count from ${table}`))[0]
        ?.count;
    const before = {
      deliveries: await count('webhook_delivery'),
      endpoints: await count('webhook_endpoint'),
    };
    await upkeep.purge();
    const left = (await product.client.get(`/v1/webhooks/${id}/deliveries`)).body.items as { id: string }[];
    expect(left.map((each) => each.id)).not.toContain(old.id);
    expect(left.map((each) => each.id)).toContain(deliveryId);
    expect(await count('webhook_delivery')).toBeLessThanOrEqual((before.deliveries ?? 0) - 2);
    expect(await count('webhook_endpoint')).toBe(1);
    expect(await count('webhook_secret')).toBe(1);
  });
});
