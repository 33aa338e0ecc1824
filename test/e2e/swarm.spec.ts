import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { untilEnded } from '../harness/campaign.js';
import { type ModelCall, type ModelReply, ModelServer } from '../harness/model-server.js';
import { type Product, startProduct } from '../harness/product.js';
import { deliveredMails, RunReader } from '../harness/run-reader.js';
import {
  answerTo,
  ask,
  askEach,
  defineWorkflow,
  modelEnv,
  nameIn,
  startSmall,
} from '../harness/small-workflow.js';

/** Answers each step as told, or not at all until it is told. */
class Script {
  private readonly waiting = new Map<string, (() => void)[]>();
  held: ReadonlySet<string> = new Set();
  broken: ReadonlySet<string> = new Set();

  reply(call: ModelCall): ModelReply | Promise<ModelReply> {
    const name = nameIn(call);
    if (this.broken.has(name)) return { status: 500, body: '{"error":{"message":"broken"}}' };
    if (!this.held.has(name)) return answerTo(call);
    return new Promise((resolve) => {
      this.waiting.set(name, [...(this.waiting.get(name) ?? []), () => resolve(answerTo(call))]);
    });
  }

  release(name: string): void {
    for (const go of this.waiting.get(name) ?? []) go();
  }
}

let product: Product;
let models: ModelServer;
let reader: RunReader;
let script: Script;

beforeAll(async () => {
  models = await ModelServer.start((call) => script.reply(call));
  product = await startProduct(modelEnv(models.url));
  reader = new RunReader(product.client);
});
afterAll(async () => {
  await product?.close();
  await models?.close();
});
beforeEach(() => {
  script = new Script();
  models.calls.length = 0;
  models.abandoned.length = 0;
});

const swarm = (names: readonly string[], plan: object = {}, step: object = {}) =>
  defineWorkflow(product.client, {
    GENERATION: { mode: 'parallel', agents: names.map((name) => ask(name, step)), ...plan },
  });

const called = (name: string) => models.calls.filter((call) => nameIn(call) === name).length;

/** Status of each step, by name. */
async function stepsOf(id: string): Promise<Record<string, string>> {
  const history = await reader.history(id);
  return Object.fromEntries(
    history.flatMap(({ kind, status, detail }) =>
      kind === 'step' && detail?.['step'] !== undefined ? [[detail['step'], status] as const] : [],
    ),
  );
}

describe('a parallel phase', () => {
  it('has its agents at work at the same time, and commits each answer while the others go on', async () => {
    script.held = new Set(['slow']);
    const id = await startSmall(product.client, await swarm(['quick', 'slow']));
    await expect.poll(() => stepsOf(id)).toEqual({ quick: 'completed' });
    expect(called('slow')).toBe(1);
    script.release('slow');
    expect(await untilEnded(product.client, id)).toMatchObject({ status: 'COMPLETED' });
    expect(await stepsOf(id)).toEqual({ quick: 'completed', slow: 'completed' });
    expect(models.calls).toHaveLength(2);
  });

  it('has no more agents at work than its limit', async () => {
    script.held = new Set(['a', 'b', 'c']);
    const id = await startSmall(product.client, await swarm(['a', 'b', 'c'], { concurrency: 2 }));
    await expect.poll(() => models.calls.length).toBe(2);
    expect(called('c')).toBe(0);
    script.release('a');
    await expect.poll(() => called('c')).toBe(1);
    for (const name of ['b', 'c']) script.release(name);
    expect(await untilEnded(product.client, id)).toMatchObject({ status: 'COMPLETED' });
  });

  it('that needs the first answer aborts the other calls and records them as cancelled', async () => {
    script.held = new Set(['b', 'c']);
    const id = await startSmall(product.client, await swarm(['a', 'b', 'c'], { join: 'first' }));
    expect(await untilEnded(product.client, id)).toMatchObject({ status: 'COMPLETED' });
    expect(await stepsOf(id)).toEqual({ a: 'completed', b: 'cancelled', c: 'cancelled' });
    await expect.poll(() => models.abandoned.map(nameIn).sort()).toEqual(['b', 'c']);
    const { text } = await product.client.get(`/v1/workflows/${id}/events`);
    expect(text.match(/event: agent\.cancelled/g)).toHaveLength(2);
  });

  it('that needs a quorum goes on with it, failures or not', async () => {
    script.broken = new Set(['a']);
    script.held = new Set(['c', 'd']);
    const id = await startSmall(
      product.client,
      await swarm(['a', 'b', 'c', 'd'], { join: { quorum: 2 } }, { onFallback: 'fail' }),
    );
    await expect.poll(() => stepsOf(id)).toEqual({ a: 'failed', b: 'completed' });
    script.release('c');
    expect(await untilEnded(product.client, id)).toMatchObject({ status: 'COMPLETED' });
    expect(await stepsOf(id)).toEqual({ a: 'failed', b: 'completed', c: 'completed', d: 'cancelled' });
  });

  it('whose quorum cannot be reached any more fails the run and stops the rest', async () => {
    script.broken = new Set(['a', 'b']);
    script.held = new Set(['c']);
    const id = await startSmall(
      product.client,
      await swarm(['a', 'b', 'c'], { join: { quorum: 2 } }, { onFallback: 'fail' }),
    );
    const run = await untilEnded(product.client, id);
    expect(run).toMatchObject({ status: 'FAILED', contextData: { lastError: { code: 'JOIN_NOT_MET' } } });
    expect(await stepsOf(id)).toEqual({ a: 'failed', b: 'failed', c: 'cancelled' });
    await expect.poll(() => models.abandoned.map(nameIn)).toEqual(['c']);
  });

  it('that needs all of them fails with one', async () => {
    script.broken = new Set(['a']);
    script.held = new Set(['b']);
    const id = await startSmall(product.client, await swarm(['a', 'b'], {}, { onFallback: 'fail' }));
    const run = await untilEnded(product.client, id);
    expect(run).toMatchObject({
      status: 'FAILED',
      contextData: { lastError: { code: 'MODEL_UNAVAILABLE' } },
    });
    await expect.poll(() => models.abandoned.map(nameIn)).toEqual(['b']);
  });

  it('goes on without an agent that may fail, and says which', async () => {
    script.broken = new Set(['a']);
    const step = { onFallback: 'fail', onFailure: 'continue' };
    const id = await startSmall(product.client, await swarm(['a', 'b'], {}, step));
    await expect.poll(() => stepsOf(id)).toEqual({ a: 'failed', b: 'completed' });
    script.release('c');
    expect(await untilEnded(product.client, id)).toMatchObject({ status: 'COMPLETED' });
    expect(await stepsOf(id)).toEqual({ a: 'failed', b: 'completed' });
    expect((await product.client.post('/v1/audit/verify')).body).toMatchObject({ valid: true });
  });
});

describe('a failed phase that is retried', () => {
  const retried = async (id: string) => {
    script = new Script();
    const answer = await product.client.post(`/v1/workflows/${id}/retry`);
    expect(answer.status, answer.text).toBe(202);
    return untilEnded(product.client, id);
  };

  it('does what had failed and what was cancelled for it, and nothing twice', async () => {
    script.broken = new Set(['b']);
    script.held = new Set(['c']);
    const id = await startSmall(
      product.client,
      await swarm(['a', 'b', 'c'], { concurrency: 2 }, { onFallback: 'fail' }),
    );
    expect(await untilEnded(product.client, id)).toMatchObject({ status: 'FAILED' });
    expect(await retried(id)).toMatchObject({ status: 'COMPLETED' });
    expect(await stepsOf(id)).toEqual({ a: 'completed', b: 'completed', c: 'completed' });
    expect(called('a')).toBe(1);
  });

  it('may reach a quorum that it had missed', async () => {
    script.broken = new Set(['b', 'c']);
    const id = await startSmall(
      product.client,
      await swarm(['a', 'b', 'c'], { join: { quorum: 2 } }, { onFallback: 'fail' }),
    );
    expect(await untilEnded(product.client, id)).toMatchObject({ status: 'FAILED' });
    expect(await retried(id)).toMatchObject({ status: 'COMPLETED' });
  });

  it('tries the items again that were given up', async () => {
    script.broken = new Set(['r0', 'r1', 'r2']);
    const step = askEach({
      onFallback: 'fail',
      onItemFailure: 'continue',
      retry: { maxAttempts: 2, initialDelayMs: 0 },
    });
    const definition = await defineWorkflow(product.client, { GENERATION: { agents: [step] } });
    const id = await startSmall(product.client, definition, { count: 3 });
    expect(await untilEnded(product.client, id)).toMatchObject({ status: 'FAILED' });
    expect(models.calls).toHaveLength(6);
    const run = await retried(id);
    expect(run.status).toBe('COMPLETED');
    expect(run.output).not.toHaveProperty('failedItems');
    expect(models.calls).toHaveLength(9);
  });
});

describe('a fan-out', () => {
  const batch = (parts: object) => ({
    GENERATION: {
      agents: [askEach({ onFallback: 'fail', ...parts })],
      artifact: { kind: 'email-batch', name: 'emails', content: { emails: '$.outputs.each' } },
    },
    REVIEW: { approval: { artifact: 'emails' } },
    DELIVERY: {
      delivery: {
        artifact: 'emails',
        channel: '$.input.at',
        sender: '$.input.from',
        recipients: '$.input.people',
      },
    },
  });

  it('lets items fail that may, tells which and why, and delivers the others to their own recipients', async () => {
    script.broken = new Set(['r1']);
    const definition = await defineWorkflow(product.client, batch({ onItemFailure: 'continue' }));
    const id = await startSmall(product.client, definition, { count: 4, input: { at: 'outbox' } });
    await reader.untilWaiting(id);
    const [artifact] = await reader.artifacts(id);
    expect(artifact?.content.emails.map(({ index }) => index)).toEqual([0, 2, 3]);
    const edits = { emails: [{ index: 3, subject: 'Edited' }] };
    await reader.decide(id, { decision: 'approve', edits });
    const run = await untilEnded(product.client, id);
    expect(run).toMatchObject({
      status: 'COMPLETED',
      output: { total: 3, sent: 3, failedItems: [{ step: 'each', index: 1, code: 'MODEL_UNAVAILABLE' }] },
    });
    const mails = await deliveredMails(product, id);
    expect(mails.map((mail) => mail.to?.[0]?.address)).toEqual(
      [0, 2, 3].map((index) => `recipient.${index}@example.com`),
    );
    expect(mails.map((mail) => mail.subject === 'Edited')).toEqual([false, false, true]);
  });

  it('fails the run with an item that may not fail', async () => {
    script.broken = new Set(['r1']);
    const id = await startSmall(product.client, await defineWorkflow(product.client, batch({})), {
      count: 3,
    });
    expect(await untilEnded(product.client, id)).toMatchObject({
      status: 'FAILED',
      contextData: { lastError: { code: 'MODEL_UNAVAILABLE' } },
    });
  });

  it('of which every item has failed is not passed off as done', async () => {
    script.broken = new Set(['r0', 'r1']);
    const definition = await defineWorkflow(product.client, batch({ onItemFailure: 'continue' }));
    const id = await startSmall(product.client, definition, { count: 2 });
    expect(await untilEnded(product.client, id)).toMatchObject({ status: 'FAILED' });
    expect(await reader.artifacts(id)).toEqual([]);
  });

  it('commits the answers that are there while others are awaited', async () => {
    script.held = new Set(['r0', 'r4']);
    const definition = await defineWorkflow(product.client, batch({}));
    const id = await startSmall(product.client, definition, { count: 6 });
    const done = () =>
      reader.history(id).then((history) => history.findLast(({ kind }) => kind === 'step')?.detail?.['done']);
    await expect.poll(done).toBe(4);
    for (const name of ['r0', 'r4']) script.release(name);
    await reader.untilWaiting(id);
    const [artifact] = await reader.artifacts(id);
    expect(artifact?.content.emails.map(({ index }) => index)).toEqual([0, 1, 2, 3, 4, 5]);
    expect(models.calls).toHaveLength(6);
  });
});
