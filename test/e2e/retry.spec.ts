import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { BRIEF, campaignInReview, openSession, recipients, SENDER, untilEnded } from '../harness/campaign.js';
import { loseConsent } from '../harness/consent-gone.js';
import { OTHER_TENANT_ID } from '../harness/database.js';
import { modelEnv } from '../harness/model-env.js';
import { honestAnswer, type ModelCall, ModelServer } from '../harness/model-server.js';
import { expectProblem } from '../harness/problem.js';
import { type Product, startProduct } from '../harness/product.js';
import { deliveredMails, RunReader } from '../harness/run-reader.js';

const honest = (call: ModelCall) => ({ content: JSON.stringify(honestAnswer(call)) });
const PURPOSE = { subject: '*', purpose: 'email-campaign', lawfulBasis: 'consent' };

describe('retrying a failed run', () => {
  let models: ModelServer;
  let product: Product;
  let reader: RunReader;

  beforeAll(async () => {
    models = await ModelServer.start(honest);
    product = await startProduct({ ...modelEnv(models.url), COUNTERSIGN_LOG_LEVEL: 'silent' });
    reader = new RunReader(product.client);
    await product.database.query(`
      create table broken_agent (agent text);
      create function break_agent() returns trigger language plpgsql as $$
      begin
        if exists (select from broken_agent where agent = new.agent) then raise exception 'broken' using errcode = '23514'; end if;
        return new;
      end $$;
      create trigger break_agent before insert on workflow_step for each row execute function break_agent();
      grant select on broken_agent to public`);
  });
  beforeEach(() => {
    models.calls.length = 0;
  });
  afterAll(async () => {
    await product?.close();
    await models?.close();
  });

  const retry = (id: string, options: { key?: string; headers?: Record<string, string> } = {}) =>
    product.client.post(`/v1/workflows/${id}/retry`, undefined, options);

  async function start(count = 3): Promise<{ id: string; sessionId: string }> {
    const sessionId = await openSession(product.client);
    const input = { brief: BRIEF, sender: SENDER, recipients: recipients(count) };
    const answer = await product.client.post('/v1/workflows', {
      definition: 'email-campaign',
      sessionId,
      input,
    });
    return { id: answer.body.id as string, sessionId };
  }

  /** A run whose last agent cannot be recorded: what a database or a program does that is broken for a while. */
  async function failed(agent = 'confirmation_agent'): Promise<{ id: string; sessionId: string }> {
    await product.database.query(`insert into broken_agent values ($1)`, [agent]);
    const started = await start();
    expect((await untilEnded(product.client, started.id)).status).toBe('FAILED');
    await product.database.query('delete from broken_agent');
    return started;
  }

  /** A run that was denied its delivery, because consent was gone by then. */
  async function denied(): Promise<{ id: string; sessionId: string }> {
    const started = await start();
    await reader.untilWaiting(started.id);
    await loseConsent(product, started.sessionId);
    await reader.decide(started.id, { decision: 'approve' });
    expect((await untilEnded(product.client, started.id)).status).toBe('FAILED');
    return started;
  }

  async function consent(sessionId: string): Promise<void> {
    const consents = [{ ...PURPOSE, granted: true }];
    const answer = await product.client.request('PUT', `/v1/sessions/${sessionId}/consents`, {
      body: { consents },
    });
    expect(answer.status, answer.text).toBeLessThan(300);
  }

  it('goes on from the failed step and calls no model for what was completed', async () => {
    const { id } = await failed();
    models.calls.length = 0;
    const answer = await retry(id);
    expect(answer.status, answer.text).toBe(202);
    expect(answer.body).toMatchObject({
      id,
      status: 'RUNNING',
      phase: 'REVIEW',
      attempt: 2,
      completedAt: null,
    });
    await reader.untilWaiting(id);
    expect(models.calls.map(({ agent }) => agent)).toEqual(['confirmation_agent']);
    expect((await reader.decide(id, { decision: 'approve' })).status).toBe(201);
    expect(await untilEnded(product.client, id)).toMatchObject({ status: 'COMPLETED', attempt: 2 });
    expect(await deliveredMails(product, id)).toHaveLength(3);
    expect((await product.client.post('/v1/audit/verify')).body).toMatchObject({ valid: true });
  });

  it('stands in history, audit trail and events, which go on with their numbers', async () => {
    const { id } = await failed();
    const { text: before } = await product.client.get(`/v1/workflows/${id}/events`);
    expect(before).toMatch(/event: workflow\.failed\n[^\n]*\n\n$/);
    const last = [...before.matchAll(/id: (\d+)/g)].at(-1)?.[1] ?? '';
    await retry(id, { headers: { 'x-request-id': 'retry-0001' } });
    await reader.untilWaiting(id);
    await product.client.post(`/v1/workflows/${id}/cancel`);
    const { text: after } = await product.client.get(`/v1/workflows/${id}/events`, {
      headers: { 'last-event-id': last },
    });
    const [, data = '{}'] =
      new RegExp(`id: ${Number(last) + 1}\nevent: workflow\\.retried\ndata: (.*)`).exec(after) ?? [];
    expect(JSON.parse(data)).toMatchObject({ attempt: 2, phase: 'REVIEW', runId: id });
    expect((await reader.history(id)).find(({ status }) => status === 'retried')).toMatchObject({
      kind: 'control',
      attempt: 2,
      detail: { requestId: 'retry-0001', failure: 'INTERNAL' },
    });
    const audit = await product.client.get(`/v1/audit/events?workflowId=${id}&type=workflow.retried`);
    expect(audit.body.items).toHaveLength(1);
  });

  it('a stream read from the start does not end with the failure that was retried', async () => {
    const { id } = await failed();
    await retry(id);
    await reader.untilWaiting(id);
    const stream = product.client.get(`/v1/workflows/${id}/events`);
    await product.client.post(`/v1/workflows/${id}/cancel`);
    const types = [...(await stream).text.matchAll(/event: (.*)/g)].map(([, type]) => type);
    expect(types.filter((type) => /failed|retried|cancelled/.test(type ?? ''))).toEqual([
      'workflow.failed',
      'workflow.retried',
      'workflow.cancelled',
    ]);
  });

  it('can fail and be retried again', async () => {
    const { id } = await failed();
    await product.database.query(`insert into broken_agent values ('confirmation_agent')`);
    expect((await retry(id)).body.attempt).toBe(2);
    expect((await untilEnded(product.client, id)).status).toBe('FAILED');
    await product.database.query('delete from broken_agent');
    expect((await retry(id)).body.attempt).toBe(3);
    await reader.untilWaiting(id);
  });

  it('after a denial passes the gate again, with the approval that was given', async () => {
    const { id, sessionId } = await denied();
    await consent(sessionId);
    expect((await retry(id)).status).toBe(202);
    expect((await untilEnded(product.client, id)).status).toBe('COMPLETED');
    expect((await reader.approval(id)).decisions).toHaveLength(1);
    expect(await deliveredMails(product, id)).toHaveLength(3);
  });

  it('is refused while consent does not cover everybody, and the refusal is recorded', async () => {
    const { id } = await denied();
    const answer = await retry(id);
    expectProblem(answer, 409, 'RUN_NOT_RETRYABLE');
    expect(answer.body).toMatchObject({
      reason: 'consent',
      detail: expect.stringContaining('3 of the recipients'),
    });
    expect((await reader.run(id)).status).toBe('FAILED');
    const { body } = await product.client.get('/v1/audit/events?type=workflow.retry_denied&limit=200');
    expect(JSON.stringify(body.items[0])).toContain(id);
  });

  it('is refused while nobody knows what became of a message', async () => {
    const { id, sessionId } = await denied();
    await consent(sessionId);
    await product.database.force(
      `insert into delivery (id, tenant_id, run_id, index, subject_ref, channel, message_id, status, created_at)
       select gen_random_uuid(), tenant_id, id, 0, 'someone', 'outbox', id::text, 'uncertain', now() from workflow_run where id = $1`,
      [id],
    );
    const answer = await retry(id);
    expectProblem(answer, 409, 'RUN_NOT_RETRYABLE');
    expect(answer.body.reason).toBe('deliveries_uncertain');
  });

  it('goes on waiting where people were still asked', async () => {
    const id = await campaignInReview(product.client, { count: 1 });
    await product.database.force(
      `update workflow_run set status = 'FAILED', completed_at = now() where id = $1`,
      [id],
    );
    expect((await retry(id)).body).toMatchObject({ status: 'WAITING_FOR_APPROVAL', attempt: 2 });
    await reader.decide(id, { decision: 'approve' });
    expect((await untilEnded(product.client, id)).status).toBe('COMPLETED');
  });

  it('is refused for a run that has not failed', async () => {
    const id = await campaignInReview(product.client, { count: 1 });
    const waiting = await retry(id);
    expectProblem(waiting, 409, 'RUN_NOT_RETRYABLE');
    expect(waiting.body).toMatchObject({ reason: 'status', detail: 'The run is WAITING_FOR_APPROVAL.' });
    await product.client.post(`/v1/workflows/${id}/cancel`);
    expectProblem(await retry(id), 409, 'RUN_NOT_RETRYABLE');
  });

  it('is done once, however many ask at the same moment', async () => {
    const { id } = await failed();
    const answers = await Promise.all(Array.from({ length: 6 }, () => retry(id)));
    expect(answers.filter(({ status }) => status === 202)).toHaveLength(1);
    for (const answer of answers.filter(({ status }) => status !== 202))
      expect(['RUN_NOT_RETRYABLE', 'RUN_CONFLICT']).toContain(answer.body.code);
    await reader.untilWaiting(id);
    expect((await reader.history(id)).filter(({ status }) => status === 'retried')).toHaveLength(1);
  });

  it('gives its first answer again for the same idempotency key', async () => {
    const { id } = await failed();
    const headers = { 'idempotency-key': `retry-${id}` };
    const first = await retry(id, { headers });
    expect(first.status).toBe(202);
    await reader.untilWaiting(id);
    expect((await retry(id, { headers })).body).toEqual(first.body);
  });

  it('is for those who may control runs of their tenant, whoever owns them and whatever became of the session', async () => {
    const { id, sessionId } = await failed();
    const reviewer = await product.makeKey('reviewer');
    expectProblem(await retry(id, { key: reviewer.key }), 403, 'FORBIDDEN');
    expectProblem(await retry(id, { key: 'cs_test_nobody' }), 401, 'UNAUTHENTICATED');
    const stranger = await product.makeKey('admin');
    await product.database.force('update api_key set tenant_id = $1 where id = $2', [
      OTHER_TENANT_ID,
      stranger.id,
    ]);
    expectProblem(await retry(id, { key: stranger.key }), 404, 'WORKFLOW_NOT_FOUND');
    expectProblem(await retry('no-id'), 404, 'WORKFLOW_NOT_FOUND');
    await product.client.request('DELETE', `/v1/sessions/${sessionId}`);
    const operator = await product.makeKey('operator');
    expect((await retry(id, { key: operator.key })).status).toBe(202);
    await reader.untilWaiting(id);
  });

  it('is the only way on from an end, for the database as well', async () => {
    const { id } = await failed();
    const revive = (set: string) =>
      product.database.query(`update workflow_run set ${set} where id = $1`, [id]);
    await expect(revive(`status = 'RUNNING'`)).rejects.toMatchObject({ code: 'CS006' });
    await expect(revive(`status = 'RUNNING', attempt = attempt + 1`)).rejects.toMatchObject({
      code: 'CS003',
    });
    await product.database.force(`update workflow_run set status = 'CANCELLED' where id = $1`, [id]);
    await expect(revive(`status = 'RUNNING', attempt = attempt + 1`)).rejects.toMatchObject({
      code: 'CS006',
    });
  });
});
