import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isId } from '../kernel/ids.js';
import { startTestApplication, type TestApplication } from '../../test/harness/http-application.fake.js';
import { ThingsController, TwinController } from '../../test/harness/things.fake.js';

describe('the HTTP platform', () => {
  let test: TestApplication;
  beforeAll(async () => {
    test = await startTestApplication({
      controllers: [ThingsController],
      env: { COUNTERSIGN__SERVER__BODY_LIMIT_BYTES: '2048' },
    });
  });
  afterAll(() => test.app.close());

  const post = (payload: string, headers: Record<string, string> = {}, url = '/v1/things') =>
    test.app.inject({
      method: 'POST',
      url,
      payload,
      headers: { 'content-type': 'application/json', ...headers },
    });
  const fault = (kind: string) => test.app.inject({ url: `/v1/things/faults/${kind}?q=1` });

  describe('problem documents', () => {
    it('hold everything a client needs and nothing an author did not mean', async () => {
      const response = await fault('app');
      expect(response.statusCode).toBe(409);
      expect(response.headers['content-type']).toMatch(/^application\/problem\+json/);
      expect(response.json()).toEqual({
        type: 'urn:countersign:error:TRANSITION_DENIED',
        title: expect.any(String),
        status: 409,
        detail: 'no consent',
        instance: '/v1/things/faults/app',
        code: 'TRANSITION_DENIED',
        requestId: response.headers['x-request-id'],
        violations: [{ rule: 'C1', tier: 'basic', message: 'no' }],
      });
    });

    it.each([
      ['bug', 500, 'INTERNAL'],
      ['text', 500, 'INTERNAL'],
      ['syntax', 500, 'INTERNAL'],
      ['refused', 503, 'DATABASE_UNAVAILABLE'],
      ['shutdown', 503, 'DATABASE_UNAVAILABLE'],
      ['terminated', 503, 'DATABASE_UNAVAILABLE'],
      ['teapot', 400, 'VALIDATION_FAILED'],
    ])('turn a thrown %s into %i %s without its text', async (kind, status, code) => {
      const response = await fault(kind);
      expect(response.statusCode).toBe(status);
      expect(response.json()).toMatchObject({ status, code });
      expect(response.json()).not.toHaveProperty('detail');
      expect(response.body).not.toMatch(/secret|10\.0\.0\.1/);
      expect(response.headers['retry-after']).toBe(status === 503 ? '2' : undefined);
    });

    it.each([
      ['malformed JSON', () => post('{"goal":'), 400, 'MALFORMED_JSON'],
      ['an empty body that claims to be JSON', () => post(''), 400, 'MALFORMED_JSON'],
      ['a body that reaches for the prototype', () => post('{"__proto__": {"a": 1}}'), 400, 'MALFORMED_JSON'],
      [
        'a body over the limit',
        () => post(JSON.stringify({ goal: 'x'.repeat(3_000) })),
        413,
        'BODY_TOO_LARGE',
      ],
      [
        'a form',
        () => post('a=1', { 'content-type': 'application/x-www-form-urlencoded' }),
        415,
        'UNSUPPORTED_MEDIA_TYPE',
      ],
      ['plain text', () => post('hello', { 'content-type': 'text/plain' }), 415, 'UNSUPPORTED_MEDIA_TYPE'],
      ['an unknown path', () => test.app.inject({ url: '/v1/nothing?x=1' }), 404, 'ROUTE_NOT_FOUND'],
      ['a path without its version', () => test.app.inject({ url: '/things' }), 404, 'ROUTE_NOT_FOUND'],
      ['an escape that is none', () => test.app.inject({ url: '/v1/things/%zz' }), 400, 'VALIDATION_FAILED'],
    ])('answer %s', async (_what, send, status, code) => {
      const response = await send();
      expect(response.json()).toMatchObject({ status, code });
      expect(response.statusCode).toBe(status);
      expect(response.headers['content-type']).toMatch(/^application\/problem\+json/);
      expect(response.headers['x-request-id']).toBe(response.json().requestId);
      expect(response.headers['x-content-type-options']).toBe('nosniff');
    });
  });

  describe('a method that a path does not know', () => {
    it.each([
      ['DELETE', '/v1/things', 'GET, HEAD, POST'],
      ['PATCH', '/v1/things?q=/v1/nothing', 'GET, HEAD, POST'],
      ['PUT', '/v1/things/01.x%2Fy', 'GET, HEAD'],
      ['OPTIONS', '/v1/things/faults/bug', 'GET, HEAD'],
      ['POST', '/openapi.json', 'GET, HEAD'],
    ] as const)('is refused: %s %s allows %s', async (method, url, allow) => {
      const response = await test.app.inject({ method, url });
      expect(response.statusCode).toBe(405);
      expect(response.headers['allow']).toBe(allow);
      expect(response.json()).toMatchObject({ status: 405, code: 'METHOD_NOT_ALLOWED' });
      expect(response.headers['content-type']).toMatch(/^application\/problem\+json/);
      expect(response.headers['x-request-id']).toBe(response.json().requestId);
    });

    it.each(['/v1/thingsx', '/v1/things/', '/v1/things/a/b/c', '/v1'])(
      'is not confused with a path there is not: %s',
      async (url) => {
        expect((await test.app.inject({ method: 'DELETE', url })).json()).toMatchObject({
          status: 404,
          code: 'ROUTE_NOT_FOUND',
        });
      },
    );
  });

  describe('validation', () => {
    it('makes instances of what is valid, with a charset too', async () => {
      const body = JSON.stringify({ goal: 'sell', recipients: [{ email: 'ada@example.com' }] });
      const response = await post(body, { 'content-type': 'application/json; charset=utf-8' });
      expect(response.statusCode).toBe(201);
      expect(response.json()).toEqual({ isBrief: true });
    });

    it('names every fault by its path and never repeats a value', async () => {
      const response = await post(
        JSON.stringify({
          goal: 'far too long a goal',
          surprise: 1,
          recipients: [{ email: 'ada@example.com' }, { email: 'not-an-address', role: 'x' }],
        }),
      );
      expect(response.json()).toMatchObject({ status: 400, code: 'VALIDATION_FAILED' });
      const { errors } = response.json<{ errors: { path: string; message: string }[] }>();
      expect(errors.map(({ path }) => path).toSorted()).toEqual([
        'goal',
        'recipients.1.email',
        'recipients.1.role',
        'surprise',
      ]);
      expect(response.body).not.toMatch(/far too long|not-an-address/);
    });

    it.each(['null', '[]', '"text"', '17', '[{"goal":"a"}]'])(
      'refuses the body %s where an object is due',
      async (body) => {
        expect((await post(body)).json()).toMatchObject({ status: 400, code: 'VALIDATION_FAILED' });
      },
    );

    it('answers a body with ten thousand faults briefly', async () => {
      const large = await post(
        JSON.stringify({ goal: 'a', recipients: Array.from({ length: 600 }, () => 1) }),
      );
      expect(large.json<{ errors: unknown[] }>().errors.length).toBeLessThanOrEqual(100);
    });

    it('checks schemas like DTOs', async () => {
      const response = await post('{"sizes":[1,"two"],"more":1}', {}, '/v1/things/by-schema');
      expect(response.json()).toMatchObject({ code: 'VALIDATION_FAILED' });
      expect(response.json<{ errors: { path: string }[] }>().errors.map(({ path }) => path)).toContain(
        'sizes.1',
      );
      expect((await post('{"sizes":[1]}', {}, '/v1/things/by-schema')).json()).toEqual({ sizes: [1] });
    });

    it.each([
      ['', 200],
      ['?limit=200', 200],
      ['?limit=0', 400],
      ['?limit=201', 400],
      ['?limit=', 400],
      ['?limit=ten', 400],
      ['?limit=1.5', 400],
      ['?limit=1&limit=2', 400],
      ['?cursor[a]=1', 400],
      ['?order=asc', 400],
    ])('answers a list with the query "%s" by %i', async (query, status) => {
      expect((await test.app.inject({ url: `/v1/things${query}` })).statusCode).toBe(status);
    });

    it('gives a page of fifty when nothing is asked for', async () => {
      expect((await test.app.inject({ url: '/v1/things' })).json()).toEqual({ limit: 50 });
    });
  });

  describe('request ids', () => {
    it('are echoed when they are usable', async () => {
      const response = await test.app.inject({
        url: '/v1/things/1',
        headers: { 'x-request-id': 'client-id.0001' },
      });
      expect(response.headers['x-request-id']).toBe('client-id.0001');
    });

    it.each(['short', 'has space inside', 'x'.repeat(129), 'new\tline-long-enough'])(
      'replace an unusable one: %j',
      async (id) => {
        const response = await test.app.inject({ url: '/v1/things/1', headers: { 'x-request-id': id } });
        expect(isId(String(response.headers['x-request-id']))).toBe(true);
      },
    );
  });

  describe('the log', () => {
    it('tells of a request by route and status, and never by query, header or body', async () => {
      await test.app.inject({
        url: '/v1/things/abc-of-a-person?token=in-the-query',
        headers: { 'x-request-id': 'log-line-0001', 'x-test-principal': 'key-00000001@tenant-00000001' },
      });
      const line = test
        .logged()
        .find(({ requestId, event }) => requestId === 'log-line-0001' && event === 'http.request');
      expect(line).toMatchObject({
        level: 'info',
        component: 'Http',
        method: 'GET',
        route: '/v1/things/:id',
        status: 200,
        tenantId: 'tenant-00000001',
        principalId: 'key-00000001',
        durationMs: expect.any(Number),
      });
      expect(line?.['time']).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
      expect(test.logText()).not.toMatch(/abc-of-a-person|in-the-query/);
    });

    it('carries the ids of the request on every line logged while it is handled, masked', async () => {
      await test.app.inject({
        method: 'POST',
        url: '/v1/things',
        headers: { 'x-request-id': 'log-line-0002', 'x-test-principal': 'key-00000001@tenant-00000001' },
        payload: { goal: 'sell', recipients: [{ email: 'grace.hopper@example.com' }] },
      });
      expect(test.logged().find(({ event }) => event === 'thing.created')).toMatchObject({
        component: 'Things',
      });
      const line = test
        .logged()
        .find(({ event, requestId }) => event === 'thing.created' && requestId === 'log-line-0002');
      expect(line).toMatchObject({ tenantId: 'tenant-00000001', principalId: 'key-00000001' });
      expect(test.logText()).not.toContain('grace.hopper');
    });

    it('keeps probes out of sight and unknown paths out of the text', async () => {
      await test.app.inject({ url: '/health/live', headers: { 'x-request-id': 'probe-00000001' } });
      await test.app.inject({ url: '/wp-admin/bob', headers: { 'x-request-id': 'lost-000000001' } });
      const levelOf = (id: string) =>
        test.logged().find(({ requestId, event }) => requestId === id && event === 'http.request');
      expect(levelOf('probe-00000001')).toMatchObject({ level: 'debug', route: '/health/live' });
      expect(levelOf('lost-000000001')).toMatchObject({ level: 'info', route: 'unmatched', status: 404 });
      expect(test.logText()).not.toContain('wp-admin');
    });

    it('shows a fault of ours with its stack', async () => {
      await fault('bug');
      const line = test.logged().findLast(({ event, level }) => event === 'http.error' && level === 'error');
      expect(line).toMatchObject({
        code: 'INTERNAL',
        err: { stack: expect.stringContaining('secret inner text') },
      });
    });
  });

  it('refuses to start with two handlers for one route', async () => {
    await expect(startTestApplication({ controllers: [ThingsController, TwinController] })).rejects.toThrow(
      /things/,
    );
  });
});
