import { afterAll, beforeAll, expect, it } from 'vitest';
import { campaignInReview, untilEnded } from '../harness/campaign.js';
import { type Product, startProduct } from '../harness/product.js';

const AT_ONCE = 4;
const RECIPIENTS = 14;

let product: Product;
beforeAll(async () => {
  product = await startProduct({ COUNTERSIGN__DELIVERY__CONCURRENCY: String(AT_ONCE) });
});
afterAll(() => product.close());

it('no more messages of a run are under way at once than the configuration allows', async () => {
  const { client } = product;
  const id = await campaignInReview(client, { count: RECIPIENTS });
  await client.post(`/v1/workflows/${id}/approvals`, { decision: 'approve' });
  expect((await untilEnded(client, id)).status).toBe('COMPLETED');
  const { body } = await client.get(`/v1/workflows/${id}/history`);
  // One line of history for each batch that was handed over together.
  const batches = (body.items as { kind: string; detail?: { sent: number } }[])
    .filter((line) => line.kind === 'delivery')
    .map((line) => line.detail?.sent ?? 0);
  expect(batches).toEqual([4, 4, 4, 2]);
});
