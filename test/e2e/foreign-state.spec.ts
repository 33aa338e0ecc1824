import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BRIEF, campaignInReview, untilEnded } from '../harness/campaign.js';
import { type Instance, startInstance } from '../harness/instance.js';
import { type Product, startProduct } from '../harness/product.js';
import { RunReader } from '../harness/run-reader.js';

/** Answers requests and drives nothing, so that rows can be changed before a worker takes the run up anew. */
let product: Product;
let reader: RunReader;
let worker: Instance;
let runs = 0;

beforeAll(async () => {
  product = await startProduct({ COUNTERSIGN_ROLE: 'api' });
  reader = new RunReader(product.client);
});
afterAll(() => product.close());

const startWorker = async () => {
  worker = await startInstance(product, { COUNTERSIGN_ROLE: 'worker' });
};

/** Runs that wait for people, each with a content of its own. */
async function inReview(count: number): Promise<string[]> {
  await startWorker();
  const ids: string[] = [];
  for (let index = 0; index < count; index++) {
    const brief = { ...BRIEF, goal: `${BRIEF.goal} This is letter ${++runs}.` };
    ids.push(await campaignInReview(product.client, { input: { brief } }));
  }
  await worker.close();
  return ids;
}

const FOREIGN_CONTEXTS = [
  '[]',
  '"a text"',
  'null',
  '42',
  '{"agents": 7}',
  '{"agents": {"a": {}}}',
  '{"agents": {"a": ["12", 1, "healthy", 0, null]}}',
  '{"agents": {"a": [12, 1, "healthy", -1, null]}}',
  '{"agents": {"a": [12, 1e300, "healthy", 0, null]}}',
  '{"agents": {"a": [12, 1, "dreaming", 0, null]}}',
  '{"agents": {}, "more": 1}',
  '{"lastError": {"code": 7, "message": "", "timestamp": ""}}',
  `{"agents": ${'['.repeat(500)}${']'.repeat(500)}}`,
];

describe('a stored state that nobody of the program has written', () => {
  it('fails the transition with a reason on record, while the engine lives on and the API answers', async () => {
    const [healthy = '', ...ids] = await inReview(FOREIGN_CONTEXTS.length + 1);
    for (const [index, context] of FOREIGN_CONTEXTS.entries()) {
      await product.database.force('update workflow_run set context = $2 where id = $1', [
        ids[index],
        context,
      ]);
    }
    for (const id of ids) {
      expect((await product.client.get(`/v1/workflows/${id}`)).body, id).toMatchObject({
        status: 'WAITING_FOR_APPROVAL',
        contextData: { performance: {} },
        errorRecoveryState: {},
        recoveryAttempts: {},
      });
    }
    for (const id of [healthy, ...ids]) {
      expect((await reader.decide(id, { decision: 'approve' })).status).toBe(201);
    }
    await startWorker();
    for (const [index, id] of ids.entries()) {
      const run = await untilEnded(product.client, id);
      expect(run, FOREIGN_CONTEXTS[index]?.slice(0, 200)).toMatchObject({
        status: 'FAILED',
        contextData: {
          lastError: {
            code: 'TRANSITION_DENIED',
            message: 'state.shape: the stored context is not an object',
          },
        },
      });
      const recorded = await product.client.get(
        `/v1/audit/events?workflowId=${id}&type=workflow.transition_denied`,
      );
      expect(recorded.body.items).toMatchObject([{ outcome: 'denied', code: 'state.shape' }]);
      expect((await reader.history(id)).at(-1)?.status).toBe('denied');
    }
    expect(await untilEnded(product.client, healthy)).toMatchObject({ status: 'COMPLETED' });
    expect((await product.client.get('/v1/workflows?status=FAILED')).body.items).toHaveLength(ids.length);
    await worker.close();
  });

  it('in a wait or in the detail of a step stops nothing', async () => {
    const [first = '', second = ''] = await inReview(2);
    await product.database.force(`update workflow_run set waiting_for = '{"key": 7}' where id = $1`, [first]);
    await product.database.force(
      `update workflow_step set detail = '{"indexes": ["0"], "failed": [null, 7, {"index": "1"}]}'
       where run_id = $1 and agent = 'email_generator'`,
      [second],
    );
    for (const id of [first, second]) {
      expect((await product.client.get(`/v1/workflows/${id}`)).status).toBe(200);
      await reader.decide(id, { decision: 'approve' });
    }
    await startWorker();
    for (const id of [first, second]) {
      expect(await untilEnded(product.client, id)).toMatchObject({ status: 'COMPLETED' });
    }
    await worker.close();
  });
});
