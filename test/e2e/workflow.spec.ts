import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newId } from '../../src/kernel/ids.js';
import {
  BRIEF,
  campaignInReview,
  openSession,
  recipients,
  SENDER,
  startCampaign,
  untilEnded,
} from '../harness/campaign.js';
import { OTHER_TENANT_ID } from '../harness/database.js';
import type { TestAnswer } from '../harness/http-client.js';
import { startInstance } from '../harness/instance.js';
import { expectProblem } from '../harness/problem.js';
import { type Product, startProduct } from '../harness/product.js';
import { deliveredMails, RunReader, type Step } from '../harness/run-reader.js';

const ID = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const HASH = /^[0-9a-f]{64}$/;

let product: Product;
let reader: RunReader;
let sessionId: string;

beforeAll(async () => {
  product = await startProduct();
  reader = new RunReader(product.client);
  sessionId = await openSession(product.client);
});
afterAll(() => product.close());

const body = () => ({
  definition: 'email-campaign',
  sessionId,
  input: { brief: BRIEF, sender: SENDER, recipients: recipients(1) },
});
const countRuns = async () =>
  (await product.database.query<{ count: number }>('select count(*)::int as count from workflow_run'))[0]
    ?.count ?? 0;
const cancel = (id: string) => product.client.post(`/v1/workflows/${id}/cancel`);

const start = (key: string) =>
  product.client.post('/v1/workflows', body(), { headers: { 'idempotency-key': key } });

async function expectCancelled(id: string, phase: string): Promise<void> {
  const run = await reader.run(id);
  expect(run).toMatchObject({ status: 'CANCELLED', phase, completedAt: expect.stringMatching(INSTANT) });
  expect((await reader.history(id)).at(-1)).toMatchObject({ kind: 'control', status: 'cancelled' });
  expectProblem(await cancel(id), 409, 'RUN_ALREADY_ENDED');
  expect((await reader.run(id)).updatedAt).toBe(run.updatedAt);
}

describe('a campaign that is approved', () => {
  let started: TestAnswer;
  let id: string;
  let waiting: Awaited<ReturnType<RunReader['run']>>;
  let decision: TestAnswer;
  let ended: Awaited<ReturnType<RunReader['run']>>;

  beforeAll(async () => {
    const input = { brief: BRIEF, sender: SENDER, recipients: recipients(3) };
    started = await product.client.post('/v1/workflows', {
      definition: 'email-campaign',
      version: 1,
      sessionId,
      input,
      attributes: { campaign: 'renewal' },
    });
    id = started.body.id as string;
    waiting = await reader.untilWaiting(id);
    decision = await reader.decide(id, { decision: 'approve', comment: 'Good to go' });
    ended = await untilEnded(product.client, id);
  });

  it('is accepted with its id, state and links', () => {
    expect(started.status).toBe(202);
    expect(started.body).toMatchObject({
      id: expect.stringMatching(ID),
      definition: 'email-campaign',
      version: 1,
      status: 'QUEUED',
      phase: 'INITIALIZATION',
      sessionId,
      createdAt: expect.stringMatching(INSTANT),
      links: {
        self: `/v1/workflows/${id}`,
        history: `/v1/workflows/${id}/history`,
        events: `/v1/workflows/${id}/events`,
      },
    });
  });

  it('has links that lead somewhere', async () => {
    const { events, ...links } = started.body.links as Record<string, string>;
    expect(events).toBe(`/v1/workflows/${id}/events`);
    for (const link of Object.values(links)) expect((await product.client.get(link)).status, link).toBe(200);
  });

  it('waits in REVIEW with tokens in place of personal data', () => {
    expect(waiting).toMatchObject({
      status: 'WAITING_FOR_APPROVAL',
      phase: 'REVIEW',
      output: null,
      completedAt: null,
    });
    const text = JSON.stringify(waiting);
    expect(text).toMatch(/⟦EMAIL_\d+⟧/);
    for (const person of [...recipients(3), SENDER]) {
      expect(text).not.toContain(person.email);
      expect(text).not.toContain(person.name);
    }
  });

  it('is shown with every field of the contract when it has ended', async () => {
    const me = (await product.client.get('/v1/me')).body;
    expect(ended).toMatchObject({
      id,
      definition: 'email-campaign',
      version: 1,
      status: 'COMPLETED',
      phase: 'DELIVERY',
      sessionId,
      ownerId: me.id,
      input: { brief: { goal: BRIEF.goal }, delivery: { channel: 'outbox' }, recipients: expect.any(Array) },
      output: { total: 3, settled: 3, sent: 3, failed: 0 },
      contextData: {
        performance: { email_generator: { executionTimeMs: expect.any(Number), status: 'completed' } },
      },
      errorRecoveryState: { email_generator: { state: 'healthy' } },
      recoveryAttempts: { email_generator: 0 },
      usage: { inputTokens: expect.any(Number), outputTokens: expect.any(Number), costUsd: 0 },
      degraded: false,
      attempt: 1,
      forkedFrom: null,
      attributes: { campaign: 'renewal' },
      createdAt: expect.stringMatching(INSTANT),
      updatedAt: expect.stringMatching(INSTANT),
      completedAt: expect.stringMatching(INSTANT),
    });
    expect(Date.parse(ended.completedAt)).toBeGreaterThanOrEqual(Date.parse(ended.createdAt));
    expect(ended.approvals).toEqual((await product.client.get(`/v1/workflows/${id}/approvals`)).body.items);
  });

  it('answers the decision with the approval it decided', async () => {
    const [artifact] = await reader.artifacts(id);
    const me = (await product.client.get('/v1/me')).body;
    expect(decision.status).toBe(201);
    expect(decision.body).toMatchObject({
      id: expect.stringMatching(ID),
      runId: id,
      artifactId: artifact?.id,
      contentHash: artifact?.contentHash,
      status: 'approved',
      requiredApprovals: 1,
      decisions: [
        {
          actorId: me.id,
          decision: 'approve',
          comment: 'Good to go',
          decidedAt: expect.stringMatching(INSTANT),
        },
      ],
      expiresAt: expect.stringMatching(INSTANT),
    });
  });

  it('keeps the artefact under the hash that was approved', async () => {
    const artifacts = await reader.artifacts(id);
    expect(artifacts).toEqual([
      {
        id: expect.stringMatching(ID),
        kind: 'email-batch',
        name: 'emails',
        version: 1,
        round: 0,
        contentHash: expect.stringMatching(HASH),
        content: expect.objectContaining({ channel: 'outbox', recipientCount: 3 }),
        createdAt: expect.stringMatching(INSTANT),
      },
    ]);
    expect(artifacts[0]?.content.emails.map((email) => email.index)).toEqual([0, 1, 2]);
  });

  it('has a history without a gap that goes through the six phases in order', async () => {
    const history = await reader.history(id);
    expect(history.map((step) => step.seq)).toEqual(history.map((_, index) => index + 1));
    expect(history.filter((step) => step.kind === 'transition').map((step) => [step.from, step.to])).toEqual([
      [undefined, 'INITIALIZATION'],
      ['INITIALIZATION', 'BATCH_DISCOVERY'],
      ['BATCH_DISCOVERY', 'STRATEGY_ANALYSIS'],
      ['STRATEGY_ANALYSIS', 'GENERATION'],
      ['GENERATION', 'REVIEW'],
      ['REVIEW', 'DELIVERY'],
      ['DELIVERY', 'COMPLETED'],
    ]);
    expect(history.filter((step) => step.kind === 'step').map((step) => [step.phase, step.agent])).toEqual([
      ['BATCH_DISCOVERY', 'requirements_agent'],
      ['STRATEGY_ANALYSIS', 'strategy_generator'],
      ['GENERATION', 'email_generator'],
      ['REVIEW', 'confirmation_agent'],
    ]);
    expect(history.filter((step) => step.kind === 'approval').map((step) => step.status)).toEqual([
      'requested',
      'approve',
    ]);
    for (const step of history) {
      expect(step).toMatchObject({
        attempt: expect.any(Number),
        status: expect.any(String),
        durationMs: expect.any(Number),
        degraded: false,
        startedAt: expect.stringMatching(INSTANT),
        endedAt: expect.stringMatching(INSTANT),
      });
    }
    for (const step of history.filter((each) => each.kind === 'step')) {
      expect(step).toMatchObject({
        usage: { inputTokens: expect.any(Number), outputTokens: expect.any(Number), costUsd: 0 },
      });
    }
  });

  it('pages through its history without a gap or a repetition', async () => {
    const all = await reader.history(id);
    const seen: Step[] = [];
    for (let cursor: string | null = ''; cursor !== null;) {
      const page = await product.client.get(
        `/v1/workflows/${id}/history?limit=4${cursor && `&cursor=${cursor}`}`,
      );
      expect(page.body.items.length).toBeLessThanOrEqual(4);
      seen.push(...(page.body.items as Step[]));
      cursor = page.body.nextCursor as string | null;
    }
    expect(seen).toEqual(all);
  });

  it('has delivered to everybody their own message, with real values', async () => {
    const mails = await deliveredMails(product, id);
    expect(mails.map((mail) => mail.to?.[0]?.address)).toEqual(recipients(3).map((person) => person.email));
    for (const [index, mail] of mails.entries()) {
      const { name } = recipients(3)[index] ?? { name: '?' };
      expect(mail.from).toMatchObject({ address: SENDER.email, name: SENDER.name });
      expect(mail.text).toContain(name.split(' ')[0]);
      expect(`${mail.subject}${mail.text}`).not.toMatch(/[⟦⟧]/);
    }
    const deliveries = (await product.client.get(`/v1/workflows/${id}/deliveries`)).body.items;
    expect(
      deliveries.map((each: { status: string; attempts: number }) => [each.status, each.attempts]),
    ).toEqual([
      ['sent', 1],
      ['sent', 1],
      ['sent', 1],
    ]);
  });

  it('is recorded in a trail that verifies', async () => {
    expect((await product.client.post('/v1/audit/verify')).body).toMatchObject({ valid: true, faults: [] });
    const events = (await product.client.get(`/v1/audit/events?workflowId=${id}&limit=200`)).body.items as {
      type: string;
    }[];
    for (const type of [
      'workflow.started',
      'workflow.transition',
      'workflow.step_completed',
      'approval.requested',
      'approval.decided',
      'delivery.sending',
      'delivery.settled',
      'workflow.completed',
    ]) {
      expect(events.map((event) => event.type)).toContain(type);
    }
  });
});

describe('an idempotency key', () => {
  it('gives the first answer again and starts nothing', async () => {
    const before = await countRuns();
    const key = newId();
    const first = await start(key);
    await reader.untilWaiting(first.body.id as string);
    const again = await start(key);
    expect(first.headers.get('idempotent-replay')).toBeNull();
    expect(again.headers.get('idempotent-replay')).toBe('true');
    expect(again.status).toBe(202);
    expect(again.body).toEqual(first.body);
    expect(await countRuns()).toBe(before + 1);
  });

  it('starts one run although eight ask at the same moment', async () => {
    const before = await countRuns();
    const key = newId();
    const answers = await Promise.all(Array.from({ length: 8 }, () => start(key)));
    const accepted = answers.filter((answer) => answer.status === 202);
    expect(new Set(accepted.map((answer) => answer.body.id as string)).size).toBe(1);
    for (const answer of answers.filter((each) => each.status !== 202))
      expectProblem(answer, 409, 'IDEMPOTENCY_IN_PROGRESS');
    expect((await start(key)).body).toEqual(accepted[0]?.body);
    expect(await countRuns()).toBe(before + 1);
  });

  it('belongs to its principal', async () => {
    const key = newId();
    const other = await product.makeKey('operator');
    const theirs = await openSession(product.client, other.key);
    const mine = await start(key);
    const answer = await product.client.post(
      '/v1/workflows',
      { ...body(), sessionId: theirs },
      { key: other.key, headers: { 'idempotency-key': key } },
    );
    expect(answer.status).toBe(202);
    expect(answer.body.id).not.toBe(mine.body.id);
  });
});

describe('runs of another tenant', () => {
  it('are in no list and cannot be reached', async () => {
    const { id, key } = await product.makeKey('admin');
    const own = (await startCampaign(product.client)).body.id as string;
    await product.database.force('update api_key set tenant_id = $1 where id = $2', [OTHER_TENANT_ID, id]);
    for (const list of ['/v1/workflows', '/v1/approvals', '/v1/audit/events?type=workflow.started']) {
      expect((await product.client.get(list, { key })).body, list).toEqual({ items: [], nextCursor: null });
    }
    expectProblem(await product.client.get(`/v1/workflows/${own}`, { key }), 404, 'WORKFLOW_NOT_FOUND');
    expectProblem(
      await product.client.post(`/v1/workflows/${own}/cancel`, undefined, { key }),
      404,
      'WORKFLOW_NOT_FOUND',
    );
    await untilNotRunning(own);
  });
});

describe('cancelling', () => {
  it('ends a run that waits for approval, and its approval with it', async () => {
    const id = await campaignInReview(product.client);
    const answer = await cancel(id);
    expect(answer.status).toBe(202);
    expect(answer.body).toMatchObject({ id, status: 'CANCELLED' });
    await expectCancelled(id, 'REVIEW');
    expect(await reader.approval(id)).toMatchObject({ status: 'cancelled', decisions: [] });
    expectProblem(await reader.decide(id, { decision: 'approve' }), 409, 'RUN_NOT_WAITING');
  });

  it.each(['approve', 'reject'])('refuses a run that has ended after %s', async (decision) => {
    const id = await campaignInReview(product.client);
    await reader.decide(id, { decision });
    const { status } = await untilEnded(product.client, id);
    expectProblem(await cancel(id), 409, 'RUN_ALREADY_ENDED');
    expect((await reader.run(id)).status).toBe(status);
  });

  it('ends a run in DELIVERY before a message leaves', async () => {
    await holdDeliveries();
    const id = await campaignInReview(product.client);
    await reader.decide(id, { decision: 'approve' });
    await product.client.until(`/v1/workflows/${id}`, ({ body }) => body.phase === 'DELIVERY');
    expect((await cancel(id)).status).toBe(202);
    await releaseDeliveries();
    // The next run's delivery is queued behind the cancelled one's.
    const next = await campaignInReview(product.client);
    await reader.decide(next, { decision: 'approve' });
    expect((await untilEnded(product.client, next)).status).toBe('COMPLETED');
    await untilDeliveryJobsDone();
    await expectCancelled(id, 'DELIVERY');
    expect(await deliveredMails(product, id)).toEqual([]);
  });

  it('ends a run that nobody has taken up, and one whose agent is at work', async () => {
    const model = createServer();
    const asked = new Promise<void>((resolve) => void model.once('request', () => resolve()));
    await new Promise<void>((resolve) => void model.listen(0, '127.0.0.1', resolve));
    const { port } = model.address() as AddressInfo;
    const slow = await startProduct({ COUNTERSIGN_ROLE: 'api' });
    const client = slow.client;
    const queued = (await startCampaign(client)).body.id as string;
    const running = (await startCampaign(client)).body.id as string;
    expect((await client.get(`/v1/workflows/${queued}`)).body.status).toBe('QUEUED');
    expect((await client.post(`/v1/workflows/${queued}/cancel`)).status).toBe(202);

    const worker = await startInstance(slow, {
      COUNTERSIGN_ROLE: 'worker',
      COUNTERSIGN__LLM__PROVIDER: 'openai-compatible',
      COUNTERSIGN__LLM__BASE_URL: `http://127.0.0.1:${port}/v1`,
      COUNTERSIGN__LLM__MODEL: 'any',
      COUNTERSIGN__ERROR_RECOVERY__MAX_ATTEMPTS: '1',
    });
    await asked;
    expect((await client.get(`/v1/workflows/${running}`)).body).toMatchObject({
      status: 'RUNNING',
      phase: 'BATCH_DISCOVERY',
    });
    expect((await client.post(`/v1/workflows/${running}/cancel`)).status).toBe(202);
    model.closeAllConnections();
    // Closing waits for the agent, whose work nobody wants any more.
    await worker.close();
    await new Promise((resolve) => model.close(resolve));
    for (const id of [queued, running]) {
      expect((await client.get(`/v1/workflows/${id}`)).body.status).toBe('CANCELLED');
      const { items } = (await client.get(`/v1/workflows/${id}/history`)).body as { items: Step[] };
      const controlled = items.filter(({ kind }) => kind === 'control').map(({ status }) => status);
      expect(controlled).toEqual(id === running ? ['cancelled', 'cancel_acknowledged'] : ['cancelled']);
      expect(items.filter((step) => step.kind === 'step')).toEqual([]);
    }
    expect((await client.post('/v1/audit/verify')).body.valid).toBe(true);
    await slow.close();
  });
});

/** Deliveries asked for from now on wait until they are released. */
async function holdDeliveries(): Promise<void> {
  await product.database.query(`
    create function hold_delivery() returns trigger language plpgsql as
      $$ begin new.start_after = now() + interval '1 hour'; return new; end $$;
    create trigger hold_delivery before insert on pgboss.job
      for each row when (new.name = 'delivery.deliver') execute function hold_delivery()`);
}

async function releaseDeliveries(): Promise<void> {
  await product.database.query(`
    drop trigger hold_delivery on pgboss.job;
    drop function hold_delivery();
    update pgboss.job set start_after = now() where name = 'delivery.deliver' and state = 'created'`);
}

async function untilDeliveryJobsDone(): Promise<void> {
  await expect
    .poll(
      () =>
        product.database.query(
          `select 1 from pgboss.job where name = 'delivery.deliver' and state in ('created', 'active', 'retry')`,
        ),
      { timeout: 30_000 },
    )
    .toEqual([]);
}

function untilNotRunning(id: string): Promise<TestAnswer> {
  return product.client.until(
    `/v1/workflows/${id}`,
    ({ body }) => !['QUEUED', 'RUNNING'].includes(body.status as string),
  );
}
