import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BRIEF, campaignInReview, openSession, recipients, SENDER, untilEnded } from '../harness/campaign.js';
import { loseConsent } from '../harness/consent-gone.js';
import { OTHER_TENANT_ID } from '../harness/database.js';
import type { TestAnswer } from '../harness/http-client.js';
import { modelEnv } from '../harness/model-env.js';
import { CALL_USAGE, honestAnswer, type ModelCall, ModelServer } from '../harness/model-server.js';
import { expectProblem } from '../harness/problem.js';
import { type Product, startProduct } from '../harness/product.js';
import { RunReader } from '../harness/run-reader.js';

describe('comparing two runs', () => {
  let models: ModelServer;
  let product: Product;
  let left: string;
  let right: string;
  let answer: TestAnswer;

  beforeAll(async () => {
    let signature = 'Old wording';
    models = await ModelServer.start((call: ModelCall) => {
      const said = honestAnswer(call) as { body?: string };
      return { content: JSON.stringify(said.body ? { ...said, body: `${said.body}\n${signature}` } : said) };
    });
    product = await startProduct({ ...modelEnv(models.url), COUNTERSIGN_LOG_LEVEL: 'silent' });
    left = await campaignInReview(product.client, { count: 3 });
    signature = 'New wording';
    const forked = await product.client.post(`/v1/workflows/${left}/fork`, { fromPhase: 'GENERATION' });
    right = forked.body.id as string;
    await new RunReader(product.client).untilWaiting(right);
    answer = await compare(left, right);
  });
  afterAll(async () => {
    await product?.close();
    await models?.close();
  });

  const compare = (one: string, other: string, key?: string) =>
    product.client.get(`/v1/workflows/${one}/compare/${other}`, { key });

  it('shows where what they made differs, texts by line', () => {
    expect(answer.status, answer.text).toBe(200);
    const [artifact] = answer.body.artifacts;
    expect(artifact).toMatchObject({ name: 'emails', status: 'changed', truncated: false });
    expect(artifact.left.contentHash).not.toBe(artifact.right.contentHash);
    expect(artifact.differences.map(({ path }: { path: string }) => path)).toEqual([
      'emails.0.body',
      'emails.1.body',
      'emails.2.body',
    ]);
    const changed = artifact.differences[0].lines.filter(({ op }: { op: string }) => op !== 'same');
    expect(changed).toEqual([
      { op: 'removed', text: 'Old wording' },
      { op: 'added', text: 'New wording' },
    ]);
  });

  it('shows what each agent took, and what was taken over', () => {
    const calls = (count: number) => ({
      inputTokens: count * CALL_USAGE.prompt_tokens,
      outputTokens: count * CALL_USAGE.completion_tokens,
    });
    expect(answer.body.agents.map(({ agent }: { agent: string }) => agent)).toEqual([
      'requirements_agent',
      'strategy_generator',
      'email_generator',
      'confirmation_agent',
    ]);
    expect(answer.body.agents[0]).toMatchObject({
      left: { steps: 1, replayed: 0, failed: 0, degraded: false, usage: calls(1) },
      right: { steps: 1, replayed: 1, usage: { inputTokens: 0, outputTokens: 0, costUsd: 0 }, durationMs: 0 },
    });
    expect(answer.body.agents[2].right.usage).toMatchObject(calls(3));
    expect(answer.body.left.usage).toMatchObject(calls(6));
    expect(answer.body.right.usage).toMatchObject(calls(4));
    expect(answer.body.right).toMatchObject({
      id: right,
      status: 'WAITING_FOR_APPROVAL',
      forkedFrom: { runId: left },
    });
  });

  it('holds tokens only', () => {
    expect(answer.text).toMatch(/⟦GIVEN_NAME_\d+⟧|⟦PERSON_\d+⟧/);
    for (const { name, email } of [...recipients(3), SENDER]) {
      expect(answer.text).not.toContain(name);
      expect(answer.text).not.toContain(email);
    }
  });

  it('finds no difference between a run and itself', async () => {
    const { body } = await compare(left, left);
    expect(body.artifacts).toEqual([
      expect.objectContaining({ status: 'same', differences: [], truncated: false }),
    ]);
    expect(body.left).toEqual(body.right);
  });

  it('shows what the gate said, and what only one of them has', async () => {
    const sessionId = await openSession(product.client);
    const { reply } = models;
    models.reply = () => ({ hang: true });
    const before = models.calls.length;
    const input = { brief: BRIEF, sender: SENDER, recipients: recipients(1) };
    const started = await product.client.post('/v1/workflows', {
      definition: 'email-campaign',
      sessionId,
      input,
    });
    const id = started.body.id as string;
    await expect.poll(() => models.calls.length, { timeout: 30_000 }).toBeGreaterThan(before);
    await product.client.post(`/v1/workflows/${id}/cancel`);
    await untilEnded(product.client, id);
    models.reply = reply;
    const { body } = await compare(left, id);
    expect(body.artifacts[0]).toMatchObject({ status: 'removed', right: null, differences: [] });
    expect(body.agents[0].right).toBeNull();
    expect(body.right).toMatchObject({ status: 'CANCELLED', durationMs: expect.any(Number) });
    expect(body.right.gate).toEqual([
      { to: 'INITIALIZATION', verdict: 'allowed' },
      { from: 'INITIALIZATION', to: 'BATCH_DISCOVERY', verdict: 'allowed' },
    ]);
  });

  it('shows the violations of a denial', async () => {
    const reader = new RunReader(product.client);
    const denied = (await product.client.post(`/v1/workflows/${left}/fork`, { fromPhase: 'REVIEW' })).body;
    await reader.untilWaiting(denied.id as string);
    await loseConsent(product, denied.sessionId as string);
    await reader.decide(denied.id as string, { decision: 'approve' });
    await untilEnded(product.client, denied.id as string);
    const { body } = await compare(left, denied.id as string);
    expect(body.right.gate.at(-1)).toMatchObject({
      from: 'REVIEW',
      to: 'DELIVERY',
      verdict: 'denied',
      violations: [{ rule: 'gdpr.consent' }],
    });
  });

  it('is for those who may read, and both runs must be of their tenant', async () => {
    expectProblem(await compare(left, right, 'cs_test_nobody'), 401, 'UNAUTHENTICATED');
    const stranger = await product.makeKey('admin');
    await product.database.force('update api_key set tenant_id = $1 where id = $2', [
      OTHER_TENANT_ID,
      stranger.id,
    ]);
    expectProblem(await compare(left, right, stranger.key), 404, 'WORKFLOW_NOT_FOUND');
    await product.database.force('update workflow_run set tenant_id = $1 where id = $2', [
      OTHER_TENANT_ID,
      right,
    ]);
    expectProblem(await compare(left, right), 404, 'WORKFLOW_NOT_FOUND');
    expectProblem(await compare(right, left), 404, 'WORKFLOW_NOT_FOUND');
    expectProblem(await compare('x', left), 404, 'WORKFLOW_NOT_FOUND');
    expectProblem(await compare(left, 'x'), 404, 'WORKFLOW_NOT_FOUND');
  });
});
