import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BRIEF, openSession, recipients, SENDER, untilEnded } from '../harness/campaign.js';
import { type Product, startProduct } from '../harness/product.js';

describe('a definition that lets its input name the channel', () => {
  let product: Product;
  beforeAll(async () => {
    product = await startProduct();
  });
  afterAll(() => product.close());

  it('ends a run FAILED that names a channel there is not, and says so', async () => {
    const { client } = product;
    const { body: builtin } = await client.get('/v1/workflow-definitions/email-campaign');
    const { source: _source, createdAt: _createdAt, ...definition } = builtin;
    const free = { type: 'object', properties: { channel: { type: 'string' } } };
    const input = { ...definition.input, properties: { ...definition.input.properties, delivery: free } };
    const added = await client.post('/v1/workflow-definitions', {
      ...definition,
      name: 'any-channel',
      input,
    });
    expect(added.status).toBe(201);

    const { body: started } = await client.post('/v1/workflows', {
      definition: 'any-channel',
      sessionId: await openSession(client),
      input: { brief: BRIEF, sender: SENDER, recipients: recipients(2), delivery: { channel: 'pigeon' } },
    });
    const path = `/v1/workflows/${started.id}`;
    await client.until(path, (answer) => answer.body.status === 'WAITING_FOR_APPROVAL');
    expect((await client.post(`${path}/approvals`, { decision: 'approve' })).status).toBe(201);

    expect(await untilEnded(client, started.id, 15_000)).toMatchObject({
      status: 'FAILED',
      contextData: { lastError: { code: 'DELIVERY_CHANNEL_UNKNOWN' } },
    });
    expect((await client.get(`${path}/deliveries`)).body.items).toEqual([]);
    expect((await client.post('/v1/audit/verify')).body).toMatchObject({ valid: true });
  });
});
