import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OTHER_TENANT_ID, TEST_TENANT_ID } from '../harness/database.js';
import { type Product, startProduct } from '../harness/product.js';

describe('retention policies', () => {
  let product: Product;
  beforeAll(async () => {
    product = await startProduct({
      COUNTERSIGN_ROLE: 'api',
      COUNTERSIGN__RETENTION__FINISHED_RUNS_DAYS: '45',
    });
  });
  afterAll(() => product.close());

  const path = '/v1/retention-policies';
  const put = (definition: string, body: unknown, key?: string) =>
    product.client.request('PUT', `${path}/${definition}`, { body, key });
  const changes = async () =>
    (await product.client.get('/v1/audit/events?type=retention.policy_changed')).body.items as Record<
      string,
      unknown
    >[];

  it('begin with what the configuration says', async () => {
    const fromConfiguration = {
      retentionDays: 45,
      source: 'configuration',
      updatedBy: null,
      updatedAt: null,
    };
    expect((await product.client.get(path)).body).toEqual({
      items: [{ definition: '*', ...fromConfiguration }],
      nextCursor: null,
    });
    expect((await product.client.get(`${path}/email-campaign`)).body).toEqual({
      definition: 'email-campaign',
      ...fromConfiguration,
    });
  });

  it('are set and taken back, each change with its record', async () => {
    const before = (await changes()).length;
    expect(await put('email-campaign', { retentionDays: 7 })).toMatchObject({
      status: 200,
      body: { definition: 'email-campaign', retentionDays: 7, source: 'definition' },
    });
    expect((await put('*', { retentionDays: 0 })).body).toMatchObject({ retentionDays: 0, source: 'tenant' });
    expect((await product.client.get(`${path}/email-campaign`)).body).toMatchObject({ source: 'definition' });
    expect((await product.client.get(path)).body.items).toMatchObject([
      { definition: '*', retentionDays: 0 },
      { definition: 'email-campaign', retentionDays: 7 },
    ]);
    // The same again is no change.
    await put('email-campaign', { retentionDays: 7 });
    expect(await changes()).toHaveLength(before + 2);

    expect((await product.client.request('DELETE', `${path}/email-campaign`)).status).toBe(204);
    expect((await product.client.get(`${path}/email-campaign`)).body).toEqual({
      definition: 'email-campaign',
      retentionDays: 0,
      source: 'tenant',
      updatedBy: expect.any(String) as string,
      updatedAt: expect.any(String) as string,
    });
    for (const definition of ['*', '*', 'nothing']) {
      expect((await product.client.request('DELETE', `${path}/${definition}`)).status).toBe(204);
    }
    expect((await product.client.get(`${path}/email-campaign`)).body).toMatchObject({ retentionDays: 45 });
    const records = await changes();
    expect(records).toHaveLength(before + 4);
    expect(records[0]).toMatchObject({ targets: [{ ref: '*' }], change: { from: '0', to: 'inherited' } });
    expect(records[3]).toMatchObject({
      targets: [{ ref: 'email-campaign' }],
      change: { from: 'inherited', to: '7' },
    });
  });

  it('are shown in pages', async () => {
    await put('email-campaign', { retentionDays: 7 });
    // A policy stays when its definition is not delivered any more.
    await product.database.force(
      `insert into retention_policy (tenant_id, definition, retention_days, updated_by, updated_at)
       values ($1, 'a-former-one', 8, 'somebody', now())`,
      [TEST_TENANT_ID],
    );
    const seen: string[] = [];
    for (let cursor: string | null = ''; cursor !== null;) {
      const { body } = await product.client.get(`${path}?limit=1${cursor && `&cursor=${cursor}`}`);
      seen.push(...(body.items as { definition: string }[]).map((item) => item.definition));
      cursor = body.nextCursor as string | null;
    }
    expect(seen).toEqual(['*', 'a-former-one', 'email-campaign']);
  });

  it.each([
    [{}],
    [{ retentionDays: -1 }],
    [{ retentionDays: 36_501 }],
    [{ retentionDays: 1.5 }],
    [{ retentionDays: '7' }],
    [{ retentionDays: 7, archive: 'none' }],
  ])('refuse %j', async (body) => {
    expect(await put('*', body)).toMatchObject({ status: 400, body: { code: 'VALIDATION_FAILED' } });
  });

  it('refuse a definition that there is not', async () => {
    expect(await put('nothing', { retentionDays: 7 })).toMatchObject({
      status: 404,
      body: { code: 'DEFINITION_NOT_FOUND' },
    });
    expect((await product.client.get(`${path}/nothing`)).status).toBe(404);
  });

  it('are read by those who oversee, and written by administrators', async () => {
    const officer = await product.makeKey('compliance_officer');
    const operator = await product.makeKey('operator', 'reviewer', 'service');
    expect((await product.client.get(path, { key: officer.key })).status).toBe(200);
    expect((await product.client.get(path, { key: operator.key })).status).toBe(403);
    for (const { key } of [officer, operator]) {
      expect((await put('*', { retentionDays: 1 }, key)).status).toBe(403);
      expect((await product.client.request('DELETE', `${path}/*`, { key })).status).toBe(403);
    }
  });

  it('are those of one tenant', async () => {
    await product.database.force(
      `insert into retention_policy (tenant_id, definition, retention_days, updated_by, updated_at)
       values ($1, '*', 3, 'somebody', now())`,
      [OTHER_TENANT_ID],
    );
    expect((await product.client.get(`${path}/*`)).body).toMatchObject({ retentionDays: 45 });
    await product.client.request('DELETE', `${path}/*`);
    expect(
      await product.database.query('select retention_days from retention_policy where definition = $1', [
        '*',
      ]),
    ).toEqual([{ retention_days: 3 }]);
  });
});
