import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OTHER_TENANT_ID, TEST_TENANT_ID } from '../../test/harness/database.js';
import { ADMIN_KEY, createTrustApp, type TrustApp } from '../../test/harness/trust-app.js';
import { newId } from '../kernel/ids.js';

const HOUR_MS = 3_600_000;

describe('/v1/me', () => {
  let trust: TrustApp;
  beforeAll(async () => {
    trust = await createTrustApp({});
  });
  afterAll(() => trust.close());

  it('tells any principal who it is', async () => {
    const { id, key } = await trust.makeKey('reviewer', 'operator');
    const answer = await trust.request('GET', '/v1/me', { key });
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({
      id,
      tenantId: TEST_TENANT_ID,
      roles: ['reviewer', 'operator'],
      authMethod: 'api_key',
    });
  });

  it('tells a stranger nothing', async () => {
    expect((await trust.request('GET', '/v1/me')).status).toBe(401);
  });
});

describe('/v1/api-keys', () => {
  let trust: TrustApp;
  beforeAll(async () => {
    trust = await createTrustApp({});
  });
  afterAll(() => trust.close());

  const create = (body: unknown, key = ADMIN_KEY, headers = {}) =>
    trust.request('POST', '/v1/api-keys', { key, body, headers });
  const revoke = (id: string, key = ADMIN_KEY) => trust.request('DELETE', `/v1/api-keys/${id}`, { key });
  const works = async (key: string) => (await trust.request('GET', '/v1/me', { key })).status === 200;

  it('makes a key that works, and shows it once', async () => {
    const answer = await create({
      name: 'importer',
      roles: ['operator'],
      expiresAt: '2031-01-01T01:00:00+01:00',
    });
    expect(answer.status).toBe(201);
    expect(answer.headers['cache-control']).toBe('no-store');
    const { id, key } = answer.body as { id: string; key: string };
    expect(answer.body).toEqual({
      id,
      name: 'importer',
      roles: ['operator'],
      prefix: key.slice(0, 'cs_test_'.length + 4),
      createdAt: '2030-01-01T00:00:00.000Z',
      expiresAt: '2031-01-01T00:00:00.000Z',
      key,
    });
    expect(await works(key)).toBe(true);

    const list = await trust.request('GET', '/v1/api-keys', { key: ADMIN_KEY });
    const listed = (list.body['items'] as { id: string }[]).find((item) => item.id === id);
    expect(listed).toMatchObject({ name: 'importer', revokedAt: null });
    expect(list.text).not.toContain(key);
  });

  it('stores nothing from which a key could be had', async () => {
    const { id, key } = await trust.makeKey('operator');
    const rows = await trust.database.query(
      'select row_to_json(api_key)::text as row from api_key where id = $1',
      [id],
    );
    const random = key.slice('cs_test_'.length);
    expect(String(rows[0]?.['row'])).not.toContain(random);
    expect(String(rows[0]?.['row'])).not.toContain(Buffer.from(key).toString('hex'));
  });

  it('records who made and who revoked a key', async () => {
    const { id, key } = await trust.makeKey('operator');
    await revoke(id);
    for (const type of ['api_key.created', 'api_key.revoked']) {
      const leaves = (await trust.auditOf(type)).filter((leaf) =>
        JSON.stringify(leaf['targets']).includes(id),
      );
      expect(leaves).toHaveLength(1);
      expect(JSON.stringify(leaves)).not.toContain(key.slice('cs_test_'.length));
    }
  });

  it('makes one key of a repeated request', async () => {
    const headers = { 'idempotency-key': newId() };
    const first = await create({ name: 'once', roles: ['operator'] }, ADMIN_KEY, headers);
    const again = await create({ name: 'once', roles: ['operator'] }, ADMIN_KEY, headers);
    expect(again.status).toBe(201);
    expect(again.headers['idempotent-replay']).toBe('true');
    expect(again.body).toEqual(first.body);
    expect((await trust.database.query(`select 1 from api_key where name = 'once'`)).length).toBe(1);
  });

  it.each([
    ['no name', { roles: ['operator'] }, 'name'],
    ['an empty name', { name: '', roles: ['operator'] }, 'name'],
    ['a name of two lines', { name: 'a\nb', roles: ['operator'] }, 'name'],
    ['a name with a NUL', { name: 'a\0b', roles: ['operator'] }, 'name'],
    ['a name that is too long', { name: 'x'.repeat(101), roles: ['operator'] }, 'name'],
    ['no roles', { name: 'a', roles: [] }, 'roles'],
    ['an unknown role', { name: 'a', roles: ['root'] }, 'roles'],
    ['a role twice', { name: 'a', roles: ['operator', 'operator'] }, 'roles'],
    ['roles that are no list', { name: 'a', roles: 'admin' }, 'roles'],
    ['a past expiry', { name: 'a', roles: ['operator'], expiresAt: '2029-12-31T23:59:59Z' }, 'expiresAt'],
    [
      'an expiry without an offset',
      { name: 'a', roles: ['operator'], expiresAt: '2031-01-01T00:00:00' },
      'expiresAt',
    ],
    [
      'an expiry that is no date',
      { name: 'a', roles: ['operator'], expiresAt: '2031-02-30T00:00:00Z' },
      'expiresAt',
    ],
    ['an unknown field', { name: 'a', roles: ['operator'], tenantId: OTHER_TENANT_ID }, 'tenantId'],
  ])('refuses %s', async (_, body, path) => {
    const answer = await create(body);
    expect(answer.status).toBe(400);
    expect(answer.body.code).toBe('VALIDATION_FAILED');
    expect((answer.body['errors'] as { path: string }[]).map((error) => error.path.split('.')[0])).toContain(
      path,
    );
  });

  it('is closed to strangers and to every role but the administrator', async () => {
    expect((await trust.request('GET', '/v1/api-keys')).status).toBe(401);
    const { key } = await trust.makeKey('operator', 'reviewer', 'compliance_officer', 'service');
    expect((await trust.request('GET', '/v1/api-keys', { key })).status).toBe(403);
    expect((await create({ name: 'a', roles: ['admin'] }, key)).status).toBe(403);
    expect((await revoke(newId(), key)).status).toBe(403);
  });

  it('refuses a revoked key from the next request on', async () => {
    const { id, key } = await trust.makeKey('operator');
    expect(await works(key)).toBe(true);
    expect((await revoke(id)).status).toBe(204);
    expect(await works(key)).toBe(false);
  });

  it('revokes a key once, however often it is told to', async () => {
    const { id } = await trust.makeKey('operator');
    expect((await revoke(id)).status).toBe(204);
    const revokedAt = await trust.database.query('select revoked_at from api_key where id = $1', [id]);
    trust.clock.advance(1_000);
    expect((await revoke(id)).status).toBe(204);
    expect(await trust.database.query('select revoked_at from api_key where id = $1', [id])).toEqual(
      revokedAt,
    );
  });

  it('notices within five seconds a revocation that another process made', async () => {
    const { id, key } = await trust.makeKey('operator');
    expect(await works(key)).toBe(true);
    await trust.database.force('update api_key set revoked_at = now() where id = $1', [id]);
    trust.clock.advance(5_000);
    expect(await works(key)).toBe(false);
  });

  it('refuses a key from the moment it expires, remembered or not', async () => {
    const expiresAt = new Date(trust.clock.now().getTime() + 2_000).toISOString();
    const answer = await create({ name: 'brief', roles: ['operator'], expiresAt });
    const key = String(answer.body['key']);
    expect(await works(key)).toBe(true);
    trust.clock.advance(2_000);
    expect(await works(key)).toBe(false);
  });

  it('keeps the key that the configuration sets', async () => {
    const me = await trust.request('GET', '/v1/me', { key: ADMIN_KEY });
    const answer = await revoke(String(me.body['id']));
    expect(answer.status).toBe(409);
    expect(answer.body.code).toBe('API_KEY_CONFIGURED');
    trust.clock.advance(HOUR_MS);
    expect(await works(ADMIN_KEY)).toBe(true);
  });

  it('knows no key by an unknown or malformed id', async () => {
    for (const id of [newId(), 'nonsense', '%00', "';drop table api_key"]) {
      const answer = await revoke(encodeURIComponent(id));
      expect(answer.status).toBe(404);
      expect(answer.body.code).toBe('API_KEY_NOT_FOUND');
    }
  });

  it('ends at the border of the tenant', async () => {
    const foreign = await trust.makeForeignAdminKey(OTHER_TENANT_ID);
    const own = await trust.makeKey('operator');
    const answer = await revoke(own.id, foreign);
    expect(answer.status).toBe(404);
    expect(await works(own.key)).toBe(true);
    const list = await trust.request('GET', '/v1/api-keys', { key: foreign });
    expect(list.body['items']).toHaveLength(1);
  });
});

describe('GET /v1/api-keys', () => {
  let trust: TrustApp;
  beforeAll(async () => {
    trust = await createTrustApp({});
  });
  afterAll(() => trust.close());

  it('shows every key once, newest first, page by page', async () => {
    const made: string[] = [];
    for (let count = 0; count < 5; count++) made.unshift((await trust.makeKey('operator')).id);
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const url = `/v1/api-keys?limit=2${cursor ? `&cursor=${cursor}` : ''}`;
      const { body } = await trust.request('GET', url, { key: ADMIN_KEY });
      const items = body['items'] as { id: string }[];
      expect(items.length).toBeLessThanOrEqual(2);
      seen.push(...items.map((item) => item.id));
      cursor = body['nextCursor'] as string | null;
    } while (cursor);
    expect(seen.slice(0, 5)).toEqual(made);
    expect(seen).toHaveLength(6);
  });

  it.each(['limit=0', 'limit=201', 'limit=x', 'surprise=1'])('refuses ?%s', async (query) => {
    const answer = await trust.request('GET', `/v1/api-keys?${query}`, { key: ADMIN_KEY });
    expect(answer.body.code).toBe('VALIDATION_FAILED');
  });

  it('refuses a cursor it did not give', async () => {
    const notAnId = Buffer.from(JSON.stringify(['x'])).toString('base64url');
    for (const cursor of ['nonsense', notAnId]) {
      const answer = await trust.request('GET', `/v1/api-keys?cursor=${cursor}`, { key: ADMIN_KEY });
      expect(answer.status).toBe(400);
      expect(answer.body.code).toBe('INVALID_CURSOR');
    }
  });
});
