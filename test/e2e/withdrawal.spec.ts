import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  BRIEF,
  campaignInReview,
  openSession,
  recipients,
  SENDER,
  startCampaign,
  untilEnded,
} from '../harness/campaign.js';
import { modelEnv } from '../harness/model-env.js';
import { honestAnswer, type ModelCall, ModelServer } from '../harness/model-server.js';
import { expectProblem } from '../harness/problem.js';
import { type Product, startProduct } from '../harness/product.js';
import { RunReader } from '../harness/run-reader.js';

const honest = (call: ModelCall) => ({ content: JSON.stringify(honestAnswer(call)) });
const PEOPLE = recipients(3);
const SECOND = PEOPLE[1] ?? { email: '' };

describe('a withdrawal of consent', () => {
  let models: ModelServer;
  let product: Product;
  let reader: RunReader;

  beforeAll(async () => {
    models = await ModelServer.start(honest);
    product = await startProduct({
      ...modelEnv(models.url),
      COUNTERSIGN__JOBS__HEARTBEAT_SECONDS: '60',
    });
    reader = new RunReader(product.client);
  });
  beforeEach(() => {
    models.reply = honest;
  });
  afterAll(async () => {
    await product?.close();
    await models?.close();
  });

  const withdraw = (sessionId: string, subject: string, purpose = 'email-campaign') =>
    product.client.request('PUT', `/v1/sessions/${sessionId}/consents`, {
      body: { consents: [{ subject, purpose, lawfulBasis: 'consent', granted: false }] },
    });
  const withdrawEverywhere = (subject: string, body: object = {}, key?: string) =>
    product.client.post(`/v1/subjects/${encodeURIComponent(subject)}/withdrawals`, body, { key });
  const start = async (sessionId: string, count = 3) => {
    const { body, status, text } = await product.client.post('/v1/workflows', {
      definition: 'email-campaign',
      sessionId,
      input: { brief: BRIEF, sender: SENDER, recipients: PEOPLE.slice(0, count) },
    });
    expect(status, text).toBe(202);
    return body.id as string;
  };
  const inReview = async (sessionId: string, count = 3) => {
    const id = await start(sessionId, count);
    await product.client.until(`/v1/workflows/${id}`, ({ body }) => body.status === 'WAITING_FOR_APPROVAL');
    return id;
  };
  const auditOf = async (runId: string, type: string) => {
    const { body } = await product.client.get(`/v1/audit/events?workflowId=${runId}&type=${type}&limit=200`);
    return body.items as { code?: string; detail?: Record<string, unknown>; outcome: string }[];
  };
  const verified = async () =>
    expect((await product.client.post('/v1/audit/verify')).body).toMatchObject({ valid: true });

  it('of the only recipient cancels the run, and nothing of it is delivered', async () => {
    const session = await openSession(product.client);
    const id = await inReview(session, 1);
    expect((await withdraw(session, PEOPLE[0]?.email ?? '')).status).toBe(200);
    const run = await reader.run(id);
    expect(run.status).toBe('CANCELLED');
    expect(await auditOf(id, 'workflow.cancelled')).toMatchObject([{ code: 'CONSENT_WITHDRAWN' }]);
    expectProblem(
      await product.client.post(`/v1/workflows/${id}/approvals`, { decision: 'approve' }),
      409,
      'RUN_NOT_WAITING',
    );
    expect((await product.client.get(`/v1/workflows/${id}/deliveries`)).body.items).toEqual([]);
    await verified();
  });

  it('of one recipient leaves them out; the others get their messages', async () => {
    const session = await openSession(product.client);
    const id = await inReview(session);
    await withdraw(session, SECOND.email);
    expect((await reader.run(id)).status).toBe('WAITING_FOR_APPROVAL');
    await product.client.post(`/v1/workflows/${id}/approvals`, { decision: 'approve' });
    expect((await untilEnded(product.client, id)).status).toBe('COMPLETED');
    const { body } = await product.client.get(`/v1/workflows/${id}/deliveries`);
    expect(body.items.map(({ index, status }: { index: number; status: string }) => [index, status])).toEqual(
      [
        [0, 'sent'],
        [1, 'failed'],
        [2, 'sent'],
      ],
    );
    expect(await auditOf(id, 'workflow.recipient_left_out')).toMatchObject([
      { code: 'CONSENT_WITHDRAWN', detail: { recipient: 1 } },
    ]);
    expect((await reader.history(id)).map(({ status }) => status)).toContain('left_out');
    await verified();
  });

  it('while messages are being written stops the call for that person, and no other call is made for them', async () => {
    const phoneOf = (call: ModelCall) => JSON.stringify(call.input);
    models.reply = (call) => (call.agent === 'email_generator' ? { hang: true } : honest(call));
    const session = await openSession(product.client);
    const before = models.callsOf('email_generator');
    const id = await start(session);
    await expect.poll(() => models.callsOf('email_generator'), { timeout: 30_000 }).toBe(before + 3);
    const abandoned = models.abandoned.length;
    const withdrawnAt = models.calls.length;
    models.reply = honest;
    await withdraw(session, SECOND.email);
    await expect.poll(() => models.abandoned.length, { timeout: 30_000 }).toBe(abandoned + 3);
    await product.client.until(`/v1/workflows/${id}`, ({ body }) => body.status === 'WAITING_FOR_APPROVAL');
    const calls = models.calls.slice(withdrawnAt).filter(({ agent }) => agent === 'email_generator');
    expect(calls).toHaveLength(2);
    expect(calls.map(phoneOf).join()).not.toContain('_2⟧');
    const { body } = await product.client.get(`/v1/workflows/${id}/artifacts`);
    expect(body.items.at(-1).content.emails.map(({ index }: { index: number }) => index)).toEqual([0, 2]);
    await verified();
  });

  it('cancels a run whose next agent would be given the person from the list', async () => {
    models.reply = (call) => (call.agent === 'requirements_agent' ? { hang: true } : honest(call));
    const session = await openSession(product.client);
    const before = models.calls.length;
    const id = await start(session);
    await expect.poll(() => models.calls.length, { timeout: 30_000 }).toBeGreaterThan(before);
    await withdraw(session, PEOPLE[0]?.email ?? '');
    expect((await reader.run(id)).status).toBe('CANCELLED');
  });

  it('of everybody in a session cancels what runs in it, and nothing of other sessions', async () => {
    const [session, other] = [await openSession(product.client), await openSession(product.client)];
    const [id, otherId] = [await inReview(session), await inReview(other)];
    await withdraw(session, '*');
    expect((await reader.run(id)).status).toBe('CANCELLED');
    expect((await reader.run(otherId)).status).toBe('WAITING_FOR_APPROVAL');
  });

  it('for another purpose, or by somebody the run does not know, changes nothing', async () => {
    const session = await openSession(product.client);
    const id = await inReview(session);
    await withdraw(session, SECOND.email, 'newsletter');
    await withdraw(session, 'somebody.else@example.com');
    expect((await reader.history(id)).map(({ status }) => status)).not.toContain('left_out');
    expect((await reader.run(id)).status).toBe('WAITING_FOR_APPROVAL');
  });

  it('for the whole tenant stops runs of every session and lets no new one start, until it is granted anew', async () => {
    const subject = 'withdrawn.everywhere@example.com';
    const person = { name: 'Ottokar Fenstermacher', email: subject };
    const input = { brief: BRIEF, sender: SENDER, recipients: [person, ...PEOPLE.slice(0, 2)] };
    const ids = [
      await campaignInReview(product.client, { input }),
      await campaignInReview(product.client, { input: { ...input, recipients: [person] } }),
    ];
    const answer = await withdrawEverywhere(subject, { purpose: 'email-campaign' });
    expect(answer.body).toMatchObject({ purpose: 'email-campaign', runsCancelled: 1, recipientsLeftOut: 1 });
    expect((await reader.run(ids[1] as string)).status).toBe('CANCELLED');
    const refused = await startCampaign(product.client, { input });
    expectProblem(refused, 409, 'TRANSITION_DENIED');
    const consents = [
      { subject, purpose: 'email-campaign', lawfulBasis: 'consent', granted: true, textVersion: '2026-03' },
      { subject: '*', purpose: 'email-campaign', lawfulBasis: 'consent', granted: true },
    ];
    const { body: session } = await product.client.post('/v1/sessions', { consents });
    expect(session.consents[0]).toMatchObject({ subject, textVersion: '2026-03' });
    const again = await product.client.post('/v1/workflows', {
      definition: 'email-campaign',
      sessionId: session.id,
      input,
    });
    expect(again.status, again.text).toBe(202);
    await verified();
  });

  it('is for compliance officers where it holds for the whole tenant', async () => {
    const subject = 'nobody.special@example.com';
    const operator = await product.makeKey('operator');
    const place = '/v1/subjects/%5BEMAIL%5D/withdrawals';
    expectProblem(await withdrawEverywhere(subject, {}, operator.key), 403, 'FORBIDDEN', place);
    expectProblem(await withdrawEverywhere(subject, {}, ''), 401, 'UNAUTHENTICATED', place);
    expectProblem(await withdrawEverywhere('nobody'), 400, 'VALIDATION_FAILED');
    for (const body of [{ purpose: 'Not A Name' }, { why: 'because' }])
      expectProblem(await withdrawEverywhere(subject, body), 400, 'VALIDATION_FAILED', place);
    const officer = await product.makeKey('compliance_officer');
    expect((await withdrawEverywhere(subject, {}, officer.key)).body).toEqual({
      subjectRef: expect.stringMatching(/^sub_[0-9a-f]{64}$/),
      purpose: null,
      runsCancelled: 0,
      recipientsLeftOut: 0,
    });
  });

  it('stands in the history of the session, and in that of the person', async () => {
    const session = await openSession(product.client);
    const subject = 'history.of@example.com';
    await withdraw(session, subject);
    await withdrawEverywhere(subject);
    const own = await product.client.get(`/v1/sessions/${session}/consents`);
    expect(own.body.items).toMatchObject([
      { subject: '*', granted: true, sessionId: session },
      { subject, granted: false, sessionId: session },
    ]);
    const first = await product.client.get(`/v1/sessions/${session}/consents?limit=1`);
    expect(first.body.items).toHaveLength(1);
    const second = await product.client.get(
      `/v1/sessions/${session}/consents?limit=1&cursor=${first.body.nextCursor}`,
    );
    expect(second.body.items).toMatchObject([{ subject }]);
    const officer = await product.makeKey('compliance_officer');
    const theirs = await product.client.get(`/v1/subjects/${subject}/consents`, { key: officer.key });
    expect(theirs.body.items).toMatchObject([
      { subject, purpose: 'email-campaign', granted: false },
      { purpose: '*', granted: false, sessionId: null },
    ]);
    const operator = await product.makeKey('operator');
    expectProblem(
      await product.client.get(`/v1/subjects/${subject}/consents`, { key: operator.key }),
      403,
      'FORBIDDEN',
      '/v1/subjects/%5BEMAIL%5D/consents',
    );
    expectProblem(
      await product.client.get(`/v1/sessions/${session}/consents`, { key: officer.key }),
      403,
      'FORBIDDEN',
    );
  });
});
