import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { campaignInReview, untilEnded } from '../harness/campaign.js';
import type { TestAnswer } from '../harness/http-client.js';
import { CALL_USAGE, honestAnswer, MODEL_WORDS, ModelServer } from '../harness/model-server.js';
import { type Product, startProduct } from '../harness/product.js';

const AGENTS = ['requirements_agent', 'strategy_generator', 'email_generator', 'confirmation_agent'];
const RECIPIENTS = 8;
/** Failed calls that open a breaker. */
const THRESHOLD = 5;

function startOn(models: string): Promise<Product> {
  return startProduct({
    COUNTERSIGN_LOG_LEVEL: 'silent',
    COUNTERSIGN__LLM__PROVIDER: 'openai-compatible',
    COUNTERSIGN__LLM__BASE_URL: models,
    COUNTERSIGN__LLM__MODEL: 'mock-1',
    COUNTERSIGN__LLM__INPUT_PRICE_PER_MILLION: '3',
    COUNTERSIGN__LLM__OUTPUT_PRICE_PER_MILLION: '15',
    COUNTERSIGN__ERROR_RECOVERY__RETRY_BASE_MS: '0',
    COUNTERSIGN__ERROR_RECOVERY__RETRY_MAX_MS: '0',
    COUNTERSIGN__ERROR_RECOVERY__MAX_ATTEMPTS: '2',
    COUNTERSIGN__ERROR_RECOVERY__FAILURE_THRESHOLD: String(THRESHOLD),
    // One call after the other, so that it is certain which one opens the breaker.
    COUNTERSIGN__WORKFLOW__FAN_OUT_CONCURRENCY: '1',
  });
}

async function runOf(product: Product, id: string): Promise<TestAnswer['body']> {
  return (await product.client.get(`/v1/workflows/${id}`)).body;
}

async function approve(product: Product, id: string): Promise<TestAnswer['body']> {
  const answer = await product.client.post(`/v1/workflows/${id}/approvals`, { decision: 'approve' });
  expect(answer.status, answer.text).toBe(201);
  return untilEnded(product.client, id);
}

async function delivered(product: Product, id: string): Promise<string[]> {
  const folder = join(product.dataDir, 'outbox', id);
  const files = await readdir(folder);
  return Promise.all(files.map((file) => readFile(join(folder, file), 'utf8')));
}

async function steps(product: Product, id: string): Promise<TestAnswer['body'][]> {
  const { body } = await product.client.get(`/v1/workflows/${id}/history?limit=200`);
  return body.items.filter((item: { kind: string }) => item.kind === 'step');
}

describe('with no model server at all', () => {
  let product: Product;
  let id: string;

  beforeAll(async () => {
    const gone = await ModelServer.start(() => ({ content: '' }));
    const { url } = gone;
    await gone.close();
    product = await startOn(url);
    id = await campaignInReview(product.client, { count: RECIPIENTS });
  });
  afterAll(() => product?.close());

  it('a run says that every agent fell back, and why', async () => {
    const run = await runOf(product, id);
    expect(run).toMatchObject({ status: 'WAITING_FOR_APPROVAL', degraded: true });
    for (const agent of AGENTS) {
      expect(run.contextData.performance[agent]).toMatchObject({ status: 'fallback' });
      expect(run.errorRecoveryState[agent]).toMatchObject({
        state: 'fallback',
        lastErrorCode: 'MODEL_UNAVAILABLE',
        suggestion: expect.stringContaining('provider'),
      });
    }
    expect(run.contextData.lastError).toMatchObject({
      agent: 'confirmation_agent',
      code: 'MODEL_UNAVAILABLE',
    });
    expect(run.usage).toEqual({ inputTokens: 0, outputTokens: 0, costUsd: 0 });
  });

  it('a run counts the attempts beyond the first', async () => {
    const { recoveryAttempts } = await runOf(product, id);
    // Two attempts for each of the first two recipients; the fifth failure opens the breaker.
    expect(recoveryAttempts).toMatchObject({
      requirements_agent: 1,
      strategy_generator: 1,
      confirmation_agent: 1,
    });
    expect(recoveryAttempts.email_generator).toBe(2);
  });

  it('history shows each step as degraded, answered by the simulation', async () => {
    const made = await steps(product, id);
    // A fan-out has a line for each commit: whatever was answered while the one before was under way.
    expect([...new Set(made.map(({ agent }) => agent))]).toEqual(AGENTS);
    for (const step of made)
      expect(step).toMatchObject({
        degraded: true,
        detail: { provider: 'simulation', error: { code: 'MODEL_UNAVAILABLE' } },
      });
  });

  it('the run is approved and delivered all the same, and its events tell of each fallback', async () => {
    expect(await approve(product, id)).toMatchObject({ status: 'COMPLETED', degraded: true });
    expect(await delivered(product, id)).toHaveLength(RECIPIENTS);
    const { text } = await product.client.get(`/v1/workflows/${id}/events`);
    const fallbacks = [...text.matchAll(/event: agent\.fallback\ndata: (.*)/g)].map(([, data = '']) =>
      JSON.parse(data),
    );
    expect([...new Set(fallbacks.map(({ agent }) => agent))]).toEqual(AGENTS);
    const drafts = fallbacks.filter(({ phase }) => phase === 'GENERATION');
    for (const each of drafts) expect(each).toMatchObject({ code: 'MODEL_UNAVAILABLE' });
    expect(drafts.reduce((sum, { calls }) => sum + calls, 0)).toBe(RECIPIENTS);
  });
});

describe('with a model server that fails', () => {
  let models: ModelServer;
  let product: Product;

  beforeAll(async () => {
    models = await ModelServer.start(() => ({ status: 503, body: '{"error":{"message":"overloaded"}}' }));
    product = await startOn(models.url);
  });
  afterAll(async () => {
    await product?.close();
    await models?.close();
  });

  it('the breaker opens at the fifth failure and spares the server from then on', async () => {
    await campaignInReview(product.client, { count: RECIPIENTS });
    expect(models.callsOf('email_generator')).toBe(THRESHOLD);
    const { body } = await product.client.get('/v1/circuit-breakers');
    const breaker = body.items.find(({ name }: { name: string }) => name === 'email_generator');
    expect(breaker).toMatchObject({ state: 'open', failureCount: THRESHOLD, failureRate: 1 });
    expect(Date.parse(breaker.opensUntil)).toBeGreaterThan(Date.parse(breaker.lastFailureAt));
    expect((await product.client.get('/v1/circuit-breakers/email_generator')).body).toMatchObject({
      state: 'open',
    });
    const { body: counted } = await product.client.get('/v1/error-recovery/metrics');
    expect(counted).toMatchObject({
      successful: 0,
      failed: RECIPIENTS + 3,
      breakerActivations: 1,
      fallbackActivations: RECIPIENTS + 3,
    });
  });

  it('the next run does not call it for that agent, and names the breaker', async () => {
    const calls = models.callsOf('email_generator');
    const id = await campaignInReview(product.client, { count: 2 });
    expect(models.callsOf('email_generator')).toBe(calls);
    const run = await runOf(product, id);
    expect(run.errorRecoveryState.email_generator).toMatchObject({
      state: 'fallback',
      lastErrorCode: 'BREAKER_OPEN',
    });
    expect(run.recoveryAttempts.email_generator).toBe(0);
  });
});

describe('with a model server that works', () => {
  let models: ModelServer;
  let product: Product;

  beforeAll(async () => {
    models = await ModelServer.start((call) => ({ content: JSON.stringify(honestAnswer(call)) }));
    product = await startOn(models.url);
  });
  afterEach(() => {
    models.reply = (call) => ({ content: JSON.stringify(honestAnswer(call)) });
    models.calls.length = 0;
  });
  afterAll(async () => {
    await product?.close();
    await models?.close();
  });

  it('its answers are what is delivered, and nothing is degraded', async () => {
    const id = await campaignInReview(product.client, { count: RECIPIENTS });
    const run = await approve(product, id);
    expect(run).toMatchObject({ status: 'COMPLETED', degraded: false, contextData: { performance: {} } });
    for (const agent of AGENTS) {
      expect(run.contextData.performance[agent]).toMatchObject({ status: 'completed' });
      expect(run.errorRecoveryState[agent]).toMatchObject({ state: 'healthy' });
      expect(run.recoveryAttempts[agent]).toBe(0);
    }
    expect(run.contextData.lastError).toBeUndefined();
    const messages = await delivered(product, id);
    expect(messages).toHaveLength(RECIPIENTS);
    for (const message of messages) expect(message).toContain(MODEL_WORDS);
  });

  it('every call is booked, and the run shows the sum', async () => {
    const id = await campaignInReview(product.client, { count: RECIPIENTS });
    const calls = RECIPIENTS + 3;
    expect(models.calls).toHaveLength(calls);
    const expected = {
      inputTokens: calls * CALL_USAGE.prompt_tokens,
      outputTokens: calls * CALL_USAGE.completion_tokens,
      costUsd: expect.closeTo(calls * 0.006, 6),
    };
    expect((await runOf(product, id)).usage).toEqual(expected);
    const made = await steps(product, id);
    const sum = (key: string) => made.reduce((total, { usage }) => total + usage[key], 0);
    expect({
      inputTokens: sum('inputTokens'),
      outputTokens: sum('outputTokens'),
      costUsd: sum('costUsd'),
    }).toEqual(expected);
  });

  it('an answer that cannot be used is asked for again, paid for, and counted as recovered', async () => {
    let refused = false;
    models.reply = (call) => {
      const answer = JSON.stringify(honestAnswer(call));
      if (call.agent !== 'strategy_generator' || refused) return { content: answer };
      refused = true;
      return { content: answer.slice(0, -9) };
    };
    const run = await runOf(product, await campaignInReview(product.client, { count: 1 }));
    expect(models.callsOf('strategy_generator')).toBe(2);
    expect(run).toMatchObject({
      degraded: false,
      errorRecoveryState: { strategy_generator: { state: 'recovered' } },
      recoveryAttempts: { strategy_generator: 1 },
      usage: { inputTokens: 5 * CALL_USAGE.prompt_tokens },
    });
  });

  it('text that cannot be stored does not stop the run', async () => {
    models.reply = (call) => {
      const answer = JSON.stringify(honestAnswer(call));
      return {
        content: call.agent === 'strategy_generator' ? answer.replace('warm', '\\u0000 \\ud800') : answer,
      };
    };
    const run = await runOf(product, await campaignInReview(product.client, { count: 1 }));
    expect(run).toMatchObject({
      status: 'WAITING_FOR_APPROVAL',
      contextData: {
        performance: { strategy_generator: { status: 'fallback' }, email_generator: { status: 'completed' } },
      },
    });
  });
});
