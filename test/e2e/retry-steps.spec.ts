import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { untilEnded } from '../harness/campaign.js';
import { startInstance } from '../harness/instance.js';
import { type ModelCall, ModelServer } from '../harness/model-server.js';
import { type Product, startProduct } from '../harness/product.js';
import { expectProblem } from '../harness/problem.js';
import { RunReader } from '../harness/run-reader.js';
import {
  answerTo,
  ask,
  askEach,
  defineWorkflow,
  modelEnv,
  nameIn,
  startSmall,
} from '../harness/small-workflow.js';

let product: Product;
let models: ModelServer;
let reader: RunReader;
let broken = new Set<string>();
let held = new Set<string>();

beforeAll(async () => {
  models = await ModelServer.start((call: ModelCall) => {
    if (held.has(nameIn(call))) return { hang: true };
    return broken.has(nameIn(call)) ? { status: 500, body: '{}' } : answerTo(call);
  });
  product = await startProduct(modelEnv(models.url));
  reader = new RunReader(product.client);
});
beforeEach(() => {
  broken = new Set();
  held = new Set();
});
afterAll(async () => {
  await product?.close();
  await models?.close();
});

const strict = { onFallback: 'fail' };

async function failed(phases: object, parts: object = {}, count = 1): Promise<string> {
  const id = await startSmall(product.client, await defineWorkflow(product.client, phases, parts), { count });
  expect((await untilEnded(product.client, id)).status).toBe('FAILED');
  models.calls.length = 0;
  return id;
}

async function retried(id: string): Promise<string> {
  broken = new Set();
  held = new Set();
  const answer = await product.client.post(`/v1/workflows/${id}/retry`);
  expect(answer.status, answer.text).toBe(202);
  return (await untilEnded(product.client, id)).status as string;
}

const called = () => models.calls.map(nameIn).toSorted();

describe('after a retry', () => {
  it('agents that were cancelled because one beside them failed do their work', async () => {
    broken = new Set(['b']);
    held = new Set(['c']);
    const agents = ['a', 'b', 'c'].map((name) => ask(name, strict));
    const id = await failed({ GENERATION: { mode: 'parallel', agents } });
    expect(await retried(id)).toBe('COMPLETED');
    expect(called()).toEqual(expect.arrayContaining(['b', 'c']));
    const done = (await reader.history(id)).filter(
      ({ kind, status }) => kind === 'step' && status === 'completed',
    );
    expect(done).toHaveLength(3);
  });

  it('a quorum that was missed can be met', async () => {
    broken = new Set(['a', 'b']);
    held = new Set(['c']);
    const agents = ['a', 'b', 'c'].map((name) => ask(name, strict));
    const id = await failed({ GENERATION: { mode: 'parallel', join: { quorum: 2 }, agents } });
    expect(await retried(id)).toBe('COMPLETED');
  });

  it('a step has all its attempts again', async () => {
    broken = new Set(['a']);
    const agents = [ask('a', { ...strict, retry: { maxAttempts: 2, initialDelayMs: 1 } })];
    const id = await failed({ GENERATION: { agents } });
    const again = await product.client.post(`/v1/workflows/${id}/retry`);
    expect(again.status).toBe(202);
    expect((await untilEnded(product.client, id)).status).toBe('FAILED');
    expect(called()).toEqual(['a', 'a']);
  });

  it('items that were given up are made, and no others', async () => {
    broken = new Set(['r0', 'r1', 'last']);
    const agents = [askEach({ ...strict, onItemFailure: 'continue' }), ask('last', strict)];
    const id = await failed({ GENERATION: { agents } }, {}, 3);
    expect(await retried(id)).toBe('COMPLETED');
    expect(called()).toEqual(['last', 'r0', 'r1']);
    // What was made in two attempts is taken over by a fork as one.
    models.calls.length = 0;
    const fork = await product.client.post(`/v1/workflows/${id}/fork`, { fromPhase: 'DELIVERY' });
    expect((await untilEnded(product.client, fork.body.id as string)).status).toBe('COMPLETED');
    expect(called()).toEqual([]);
    expect((await product.client.post('/v1/audit/verify')).body).toMatchObject({ valid: true });
  });

  it('a fan-out of which every item had failed is made', async () => {
    broken = new Set(['r0', 'r1']);
    const id = await failed(
      { GENERATION: { agents: [askEach({ ...strict, onItemFailure: 'continue' })] } },
      {},
      2,
    );
    expect(await retried(id)).toBe('COMPLETED');
    expect(called()).toEqual(['r0', 'r1']);
  });

  it('a run whose time was over has that time again', async () => {
    held = new Set(['a']);
    const id = await failed({ GENERATION: { agents: [ask('a')] } }, { timeoutSeconds: 2 });
    const before = (await reader.run(id)).deadlineAt as string;
    expect(await retried(id)).toBe('COMPLETED');
    expect(Date.parse((await reader.run(id)).deadlineAt as string)).toBeGreaterThan(Date.parse(before));
  });

  it('a worker that loads the run sees what was opened again', async () => {
    broken = new Set(['b']);
    held = new Set(['c']);
    const agents = ['a', 'b', 'c'].map((name) => ask(name, strict));
    const id = await failed({ GENERATION: { mode: 'parallel', agents } });
    broken = new Set();
    held = new Set();
    const api = await startInstance(product, { ...modelEnv(models.url), COUNTERSIGN_ROLE: 'api' });
    expect((await api.client.post(`/v1/workflows/${id}/retry`)).status).toBe(202);
    expect((await untilEnded(product.client, id)).status).toBe('COMPLETED');
    expect(called()).toEqual(expect.arrayContaining(['b', 'c']));
    await api.close();
  });
});

it('is refused when the time was over before anybody approved', async () => {
  const id = await failed(
    {
      GENERATION: {
        agents: [ask('a')],
        artifact: { kind: 'note', name: 'note', content: { text: '$.outputs.a' } },
      },
      REVIEW: { approval: { artifact: 'note' } },
    },
    { timeoutSeconds: 2 },
  );
  const answer = await product.client.post(`/v1/workflows/${id}/retry`);
  expectProblem(answer, 409, 'RUN_NOT_RETRYABLE');
  expect(answer.body.reason).toBe('approval_expired');
});

it('a run with a deadline can be started where nobody drives it', async () => {
  const definition = await defineWorkflow(
    product.client,
    { GENERATION: { agents: [ask('a')] } },
    { timeoutSeconds: 60 },
  );
  const api = await startInstance(product, { ...modelEnv(models.url), COUNTERSIGN_ROLE: 'api' });
  const id = await startSmall(api.client, definition);
  expect((await untilEnded(product.client, id)).status).toBe('COMPLETED');
  await api.close();
});
