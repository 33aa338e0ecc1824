import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  createTestDatabase,
  OTHER_TENANT_ID,
  TEST_TENANT_ID,
  type TestDatabase,
} from '../../test/harness/database.js';
import { AppError } from '../kernel/app-error.js';
import { FakeClock } from '../../test/harness/clock.fake.js';
import { startTestApplication, type TestApplication } from '../../test/harness/http-application.fake.js';
import { IdempotencyService } from './idempotency.service.js';
import { OrdersController } from '../../test/harness/orders.fake.js';

const PRINCIPAL = '00000000-0000-7000-8000-00000000000a';
const OTHER_PRINCIPAL = '00000000-0000-7000-8000-00000000000b';

describe('idempotency keys', () => {
  let database: TestDatabase;
  let test: TestApplication;
  let clock: FakeClock;
  let orders: OrdersController;
  beforeAll(async () => {
    database = await createTestDatabase();
  });
  afterAll(() => database.close());
  beforeEach(async () => {
    clock = new FakeClock();
    test = await startTestApplication({
      controllers: [OrdersController],
      database: database.database,
      clock,
    });
    orders = test.app.get(OrdersController);
    await database.query('delete from idempotency_key');
  });
  afterEach(() => test.app.close());

  interface Sending {
    key?: string;
    body?: unknown;
    as?: string;
    url?: string;
    to?: TestApplication;
  }

  async function send({ key, body = { item: 'book' }, as, url = '/v1/orders', to = test }: Sending) {
    const response = await to.app.inject({
      method: 'POST',
      url,
      headers: {
        'x-test-principal': as ?? `${PRINCIPAL}@${TEST_TENANT_ID}`,
        'content-type': 'application/json',
        ...(key === undefined ? {} : { 'idempotency-key': key }),
      },
      payload: typeof body === 'string' ? body : JSON.stringify(body),
    });
    return {
      status: response.statusCode,
      code: response.json<{ code?: string }>().code,
      body: response.body,
      replay: response.headers['idempotent-replay'],
      retryAfter: response.headers['retry-after'],
    };
  }

  it('give the same request the first answer again', async () => {
    const first = await send({ key: 'key-1' });
    const second = await send({ key: 'key-1' });
    expect(first).toMatchObject({ status: 202, replay: undefined });
    expect(second).toMatchObject({ status: 202, replay: 'true', body: first.body });
    expect(orders.created).toBe(1);
  });

  it('look at what the body says, not at how it is written', async () => {
    await send({ key: 'key-1', body: '{"item":"book","note":"x"}' });
    expect(await send({ key: 'key-1', body: '{ "note": "x", "item": "\\u0062ook" }' })).toMatchObject({
      replay: 'true',
    });
  });

  it('are refused for another body', async () => {
    await send({ key: 'key-1' });
    expect(await send({ key: 'key-1', body: { item: 'pen' } })).toMatchObject({
      status: 422,
      code: 'IDEMPOTENCY_KEY_REUSED',
    });
    expect(orders.created).toBe(1);
  });

  it('are refused for another route', async () => {
    await send({ key: 'key-1' });
    expect(await send({ key: 'key-1', url: '/v1/orders/in-transaction' })).toMatchObject({ status: 422 });
  });

  it('belong to one principal of one tenant', async () => {
    await send({ key: 'key-1' });
    expect(await send({ key: 'key-1', as: `${OTHER_PRINCIPAL}@${TEST_TENANT_ID}` })).toMatchObject({
      status: 202,
    });
    expect(await send({ key: 'key-1', as: `${PRINCIPAL}@${OTHER_TENANT_ID}` })).toMatchObject({
      status: 202,
    });
    expect(orders.created).toBe(3);
  });

  it('change nothing where there is none, or where the route is not marked', async () => {
    await send({});
    await send({});
    await send({ key: 'key-1', url: '/v1/orders/unmarked' });
    await send({ key: 'key-1', url: '/v1/orders/unmarked' });
    expect(orders.created).toBe(4);
  });

  it.each(['', ' ', 'with space', 'ümlaut', 'x'.repeat(256)])(
    'are refused when they read %j',
    async (key) => {
      expect(await send({ key })).toMatchObject({ status: 400, code: 'INVALID_IDEMPOTENCY_KEY' });
      expect(orders.created).toBe(0);
    },
  );

  it('refuse a body that has no canonical form', async () => {
    expect(await send({ key: 'key-1', body: '{"item":"\\ud800"}' })).toMatchObject({
      status: 400,
      code: 'VALIDATION_FAILED',
    });
  });

  it('keep a second request out while the first is under way', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    orders.gate = promise;
    const first = send({ key: 'key-1' });
    await orders.entered.promise;
    expect(await send({ key: 'key-1' })).toMatchObject({
      status: 409,
      code: 'IDEMPOTENCY_IN_PROGRESS',
      retryAfter: '1',
    });
    resolve();
    expect(await first).toMatchObject({ status: 202 });
    expect(await send({ key: 'key-1' })).toMatchObject({ replay: 'true' });
  });

  it('let exactly one of many simultaneous requests through', async () => {
    const answers = await Promise.all(Array.from({ length: 12 }, () => send({ key: 'key-1' })));
    expect(orders.created).toBe(1);
    expect(answers.filter(({ status, replay }) => status === 202 && replay === undefined)).toHaveLength(1);
    expect(answers.every(({ status }) => status === 202 || status === 409)).toBe(true);
  });

  it.each([
    ['a fault of ours', new Error('boom'), 500],
    ['a refusal', new AppError('SESSION_NOT_FOUND'), 404],
  ])('are free again after %s', async (_what, fault, status) => {
    orders.fault = fault;
    expect(await send({ key: 'key-1' })).toMatchObject({ status });
    expect(await send({ key: 'key-1' })).toMatchObject({ status: 202, replay: undefined });
  });

  it('are free again after a body that is not valid', async () => {
    expect(await send({ key: 'key-1', body: { item: 1 } })).toMatchObject({ status: 400 });
    expect(await send({ key: 'key-1' })).toMatchObject({ status: 202 });
  });

  it('are forgotten after their time', async () => {
    await send({ key: 'key-1' });
    clock.advance(test.config.workflow.idempotencyHours * 3_600_000);
    expect(await send({ key: 'key-1', body: { item: 'pen' } })).toMatchObject({
      status: 202,
      replay: undefined,
    });
    expect(orders.created).toBe(2);
  });

  it('are swept when their time is over, and only then', async () => {
    await send({ key: 'old' });
    clock.advance(test.config.workflow.idempotencyHours * 3_600_000);
    await send({ key: 'new', as: `${PRINCIPAL}@${OTHER_TENANT_ID}` });
    expect(await test.app.get(IdempotencyService).purgeExpired()).toBe(1);
    expect(await database.query('select tenant_id from idempotency_key')).toEqual([
      { tenant_id: OTHER_TENANT_ID },
    ]);
  });

  it('show nothing of themselves, of request or answer in the table', async () => {
    await send({ key: 'ada@example.com', body: { item: 'ada@example.com' } });
    const [row] = await database.query<{ text: string }>(
      `select key || encode(fingerprint, 'escape') || encode(response_sealed, 'escape') as text from idempotency_key`,
    );
    expect(row?.text).not.toMatch(/ada@|example|number/);
  });

  describe('with an answer stored in the transaction of the handler', () => {
    const url = '/v1/orders/in-transaction';

    it('replay it even if the process died before it could answer', async () => {
      orders.afterCommit = () => {
        throw new Error('killed between commit and answer');
      };
      expect(await send({ key: 'key-1', url })).toMatchObject({ status: 500 });
      expect(await send({ key: 'key-1', url })).toMatchObject({
        status: 201,
        replay: 'true',
        body: '{"number":1,"item":"book"}',
      });
      expect(orders.created).toBe(1);
    });

    it('replay it after an ordinary answer too', async () => {
      const first = await send({ key: 'key-1', url });
      expect(await send({ key: 'key-1', url })).toMatchObject({
        status: 201,
        replay: 'true',
        body: first.body,
      });
    });

    it('cost no transaction of their own beside the look for an earlier answer', async () => {
      const transactions = vi.spyOn(database.database, 'withTenant');
      await send({ url });
      expect(transactions).toHaveBeenCalledTimes(1);
      await send({ key: 'key-1', url });
      expect(transactions).toHaveBeenCalledTimes(3);
      transactions.mockRestore();
    });

    it('let two processes carry a request out once, and give both its answer', async () => {
      const other = await startTestApplication({
        controllers: [OrdersController],
        database: database.database,
        clock,
      });
      const others = other.app.get(OrdersController);
      const { promise, resolve } = Promise.withResolvers<void>();
      orders.gate = others.gate = promise;
      const answers = [send({ key: 'key-1', url }), send({ key: 'key-1', url, to: other })];
      await Promise.all([orders.entered.promise, others.entered.promise]);
      resolve();
      const [one, two] = await Promise.all(answers);
      expect([one?.status, two?.status]).toEqual([201, 201]);
      expect([one, two].filter((answer) => answer?.replay === 'true')).toHaveLength(1);
      expect(one?.body).toBe(two?.body);
      expect(orders.created + others.created).toBe(1);
      await other.app.close();
    });

    it('refuse another body that another process is just working on', async () => {
      const other = await startTestApplication({
        controllers: [OrdersController],
        database: database.database,
        clock,
      });
      const { promise, resolve } = Promise.withResolvers<void>();
      orders.gate = promise;
      const slow = send({ key: 'key-1', url });
      await orders.entered.promise;
      expect(await send({ key: 'key-1', url, body: { item: 'pen' }, to: other })).toMatchObject({
        status: 201,
      });
      resolve();
      expect(await slow).toMatchObject({ status: 422, code: 'IDEMPOTENCY_KEY_REUSED' });
      expect(orders.created).toBe(0);
      await other.app.close();
    });

    it('go on where a process of an earlier version died with the key locked', async () => {
      await send({ key: 'key-1', url });
      await database.query(
        'update idempotency_key set response_status = null, response_sealed = null, locked_until = $1',
        [new Date(clock.now().getTime() + 60_000)],
      );
      expect(await send({ key: 'key-1', url })).toMatchObject({
        status: 409,
        code: 'IDEMPOTENCY_IN_PROGRESS',
      });
      clock.advance(60_000);
      expect(await send({ key: 'key-1', url })).toMatchObject({ status: 201, replay: undefined });
    });
  });

  describe('on a route that looks for an earlier answer after its work', () => {
    const url = '/v1/orders/looked-up-after';

    it('cost no transaction of their own', async () => {
      const transactions = vi.spyOn(database.database, 'withTenant');
      await send({ url });
      await send({ key: 'key-1', url });
      expect(transactions).toHaveBeenCalledTimes(2);
      transactions.mockRestore();
    });

    it('give the same request the first answer again, and create nothing', async () => {
      const first = await send({ key: 'key-1', url });
      expect(await send({ key: 'key-1', url })).toMatchObject({
        status: 201,
        replay: 'true',
        body: first.body,
      });
      expect(orders.created).toBe(1);
    });

    it('give it even when the work would be refused by now', async () => {
      const first = await send({ key: 'key-1', url });
      orders.fault = new AppError('SESSION_EXPIRED');
      expect(await send({ key: 'key-1', url })).toMatchObject({
        status: 201,
        replay: 'true',
        body: first.body,
      });
      orders.fault = new AppError('SESSION_EXPIRED');
      expect(await send({ key: 'key-2', url })).toMatchObject({ status: 403, code: 'SESSION_EXPIRED' });
    });

    it('are refused for another body, whether it is valid or not', async () => {
      await send({ key: 'key-1', url });
      for (const item of ['pen', 1]) {
        expect(await send({ key: 'key-1', url, body: { item } })).toMatchObject({
          status: 422,
          code: 'IDEMPOTENCY_KEY_REUSED',
        });
      }
      expect(orders.created).toBe(1);
    });

    it('tell what was done even when the fault came after the commit', async () => {
      orders.afterCommit = () => {
        throw new Error('connection lost at the commit');
      };
      expect(await send({ key: 'key-1', url })).toMatchObject({ status: 201, replay: 'true' });
    });

    it('are new again after their time', async () => {
      await send({ key: 'key-1', url });
      clock.advance(test.config.workflow.idempotencyHours * 3_600_000);
      expect(await send({ key: 'key-1', url })).toMatchObject({ status: 201, replay: undefined });
      expect(orders.created).toBe(2);
    });
  });
});
