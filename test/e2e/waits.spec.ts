import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DeliveryService } from '../../src/delivery/delivery.service.js';
import { newId } from '../../src/kernel/ids.js';
import { untilEnded } from '../harness/campaign.js';
import {
  answerTo,
  ask,
  askEach,
  defineWorkflow,
  definitionOf,
  modelEnv,
  startSmall,
} from '../harness/small-workflow.js';
import { OTHER_TENANT_ID } from '../harness/database.js';
import { ModelServer } from '../harness/model-server.js';
import { expectProblem } from '../harness/problem.js';
import { type Product, startProduct } from '../harness/product.js';
import { deliveredMails, RunReader } from '../harness/run-reader.js';

let product: Product;
let models: ModelServer;
let reader: RunReader;

beforeAll(async () => {
  models = await ModelServer.start(answerTo);
  product = await startProduct(modelEnv(models.url));
  reader = new RunReader(product.client);
});
afterAll(async () => {
  await product?.close();
  await models?.close();
});

const schema = {
  type: 'object',
  additionalProperties: false,
  required: ['note'],
  properties: { note: { type: 'string', minLength: 1 } },
};
const signal = (parts: object = {}) => ({ wait: { signal: { name: 'papers', schema, ...parts } } });
/** What the step behind the wait is told: its goal is what the signal said. */
const told = {
  ...ask('told'),
  input: { brief: { goal: '$.signals.papers.note', audience: 'Everybody' }, recipientCount: 1 },
};

const start = async (agents: object[], parts: object = {}, input: object = {}) =>
  startSmall(product.client, await defineWorkflow(product.client, { GENERATION: { agents } }, parts), {
    input,
  });
const send = (id: string, body: object, options = {}) =>
  product.client.post(`/v1/workflows/${id}/signals`, body, options);
const untilItWaits = (id: string) =>
  product.client.until(`/v1/workflows/${id}`, ({ body }) => body.waitingFor !== null);
const tenantOf = async (id: string) => {
  const [row] = await product.database.query<{ tenant_id: string }>(
    `select tenant_id from workflow_run where id = '${id}'`,
  );
  return row?.tenant_id ?? '';
};
const jobsOf = (id: string) =>
  product.database.query(
    `select id from pgboss.job where name = 'workflow.drive' and state < 'completed' and data ->> 'runId' = '${id}'`,
  );

describe('a run that waits for a signal', () => {
  it('goes on with it at once, and its steps are told what came along, without personal data', async () => {
    const id = await start([signal(), told]);
    const { body: waiting } = await untilItWaits(id);
    expect(waiting).toMatchObject({
      status: 'RUNNING',
      waitingFor: { kind: 'signal', signals: ['papers'], until: null },
    });
    const answer = await send(id, { name: 'papers', payload: { note: 'Call 202-555-0182 about it' } });
    expect(answer.status, answer.text).toBe(202);
    expect(answer.body).toMatchObject({ runId: id, name: 'papers', duplicate: false });
    const run = await untilEnded(product.client, id);
    expect(run).toMatchObject({ status: 'COMPLETED', waitingFor: null });
    const goal = models.calls.at(-1)?.input.brief.goal as string;
    expect(goal).toMatch(/^Call ⟦[^⟧]+⟧ about it$/);
    const stored = await product.database.query(
      `select payload::text || encode(payload_sealed, 'escape') as text from workflow_signal where run_id = '${id}'`,
    );
    expect(JSON.stringify(stored)).not.toContain('555-0182');
    const { text } = await product.client.get(`/v1/workflows/${id}/history`);
    expect(text).not.toContain('555-0182');
    const wait = (await reader.history(id)).find(({ kind }) => kind === 'wait');
    expect(wait).toMatchObject({ status: 'completed', detail: { by: 'signal', signal: 'papers' } });
    expect((await product.client.post('/v1/audit/verify')).body).toMatchObject({ valid: true });
  });

  it('takes one that came before it waited', async () => {
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    models.reply = async (call) => {
      if (call.input.brief.tone === 'early') await held;
      return answerTo(call);
    };
    const before = models.calls.length;
    const id = await start([ask('early'), signal(), told]);
    await expect.poll(() => models.calls.length).toBe(before + 1);
    expect((await send(id, { name: 'papers', payload: { note: 'All there' } })).status).toBe(202);
    release();
    expect(await untilEnded(product.client, id)).toMatchObject({ status: 'COMPLETED' });
    // The step that was under way was not disturbed.
    expect(models.calls.length).toBe(before + 2);
    models.reply = answerTo;
  });

  it('misses none that comes just when it begins to wait', async () => {
    const definition = await defineWorkflow(product.client, { GENERATION: { agents: [ask('a'), signal()] } });
    const ids = await Promise.all(
      Array.from({ length: 20 }, async () => {
        const id = await startSmall(product.client, definition);
        expect((await send(id, { name: 'papers', payload: { note: 'now' } })).status).toBe(202);
        return id;
      }),
    );
    const runs = await Promise.all(ids.map((id) => untilEnded(product.client, id)));
    expect(runs.map(({ status }) => status)).toEqual(ids.map(() => 'COMPLETED'));
  });

  it('takes the same id for the same signal, also after the end', async () => {
    const id = await start([signal(), signal()]);
    await untilItWaits(id);
    const body = { name: 'papers', id: 'papers-1', payload: { note: 'once' } };
    const both = await Promise.all([send(id, body), send(id, body)]);
    expect(both.map(({ status }) => status)).toEqual([202, 202]);
    expect(both.filter((each) => each.body.duplicate)).toHaveLength(1);
    expect(both[0]?.body.id).toBe(both[1]?.body.id);
    await expect
      .poll(async () => (await reader.history(id)).filter(({ kind }) => kind === 'wait').length)
      .toBe(1);
    expect((await reader.run(id)).status).toBe('RUNNING');
    await send(id, { ...body, id: 'papers-2' });
    await untilEnded(product.client, id);
    expect((await send(id, body)).body).toMatchObject({ duplicate: true });
  });

  it('gives the first answer again to the same idempotency key', async () => {
    const id = await start([signal()]);
    const headers = { 'idempotency-key': newId() };
    const body = { name: 'papers', payload: { note: 'once' } };
    const first = await send(id, body, { headers });
    expect((await send(id, body, { headers })).body).toEqual(first.body);
    expect(await untilEnded(product.client, id)).toMatchObject({ status: 'COMPLETED' });
  });

  it('refuses what does not fit, and stays as it is', async () => {
    const id = await start([signal()]);
    await untilItWaits(id);
    const wrong = await send(id, { name: 'papers', payload: { note: 7, more: 1 } });
    expectProblem(wrong, 400, 'VALIDATION_FAILED');
    expect(wrong.body.errors.map(({ path }: { path: string }) => path).sort()).toEqual([
      'payload.more',
      'payload.note',
    ]);
    expectProblem(await send(id, { name: 'other' }), 422, 'SIGNAL_UNKNOWN');
    expectProblem(await send(id, { name: 'No Name' }), 400, 'VALIDATION_FAILED');
    expectProblem(await send(newId(), { name: 'papers' }), 404, 'WORKFLOW_NOT_FOUND');
    expectProblem(await send('x', { name: 'papers' }), 404, 'WORKFLOW_NOT_FOUND');
    const { key } = await product.makeKey('reviewer');
    expectProblem(await send(id, { name: 'papers' }, { key }), 403, 'FORBIDDEN');
    expect((await reader.run(id)).waitingFor).toMatchObject({ signals: ['papers'] });
    await product.client.post(`/v1/workflows/${id}/cancel`);
    expectProblem(await send(id, { name: 'papers', payload: { note: 'late' } }), 409, 'RUN_ALREADY_ENDED');
    expect((await reader.run(id)).waitingFor).toBeNull();
  });

  it('of another tenant cannot be reached', async () => {
    const id = await start([signal()]);
    await untilItWaits(id);
    await product.database.force(
      `update workflow_run set tenant_id = '${OTHER_TENANT_ID}' where id = '${id}'`,
    );
    expectProblem(await send(id, { name: 'papers', payload: { note: 'x' } }), 404, 'WORKFLOW_NOT_FOUND');
  });

  it('fails when it does not come in time, or goes on where it may', async () => {
    const late = await start([signal({ timeoutSeconds: 0.2 })]);
    expect(await untilEnded(product.client, late)).toMatchObject({
      status: 'FAILED',
      contextData: { lastError: { code: 'SIGNAL_TIMED_OUT' } },
    });
    const patient = await start([signal({ timeoutSeconds: 0.2, onTimeout: 'continue' })]);
    expect(await untilEnded(product.client, patient)).toMatchObject({ status: 'COMPLETED' });
  });
});

describe('a run that waits for a time', () => {
  it('holds nobody meanwhile and goes on by itself', async () => {
    const id = await start([{ wait: { timer: { seconds: 2 } } }]);
    const { body } = await untilItWaits(id);
    expect(body.waitingFor).toMatchObject({ kind: 'timer', signals: [] });
    expect(Date.parse(body.waitingFor.until) - Date.parse(body.waitingFor.since)).toBe(2_000);
    const run = await untilEnded(product.client, id);
    expect(run.status).toBe('COMPLETED');
    expect(Date.parse(run.completedAt)).toBeGreaterThanOrEqual(Date.parse(body.waitingFor.until));
    await expect.poll(() => jobsOf(id)).toEqual([]);
  });

  it('takes the time from its input', async () => {
    const wait = { wait: { timer: { until: '$.input.at' } } };
    const past = await start([wait], {}, { at: '2020-01-01T00:00:00Z' });
    expect(await untilEnded(product.client, past)).toMatchObject({ status: 'COMPLETED' });
    const never = await start([wait], {}, { at: 'tomorrow' });
    expect(await untilEnded(product.client, never)).toMatchObject({
      status: 'FAILED',
      contextData: { lastError: { code: 'TIMER_INVALID' } },
    });
  });

  it('or a signal goes on with the first of them, and leaves no job behind', async () => {
    const anyOf = (seconds: number) => ({
      wait: { anyOf: [{ timer: { seconds } }, { signal: { name: 'papers' } }] },
    });
    const quick = await start([anyOf(3_600)]);
    const { body } = await untilItWaits(quick);
    expect(body.waitingFor).toMatchObject({ kind: 'any', signals: ['papers'] });
    await send(quick, { name: 'papers' });
    expect(await untilEnded(product.client, quick)).toMatchObject({ status: 'COMPLETED' });
    await expect.poll(() => jobsOf(quick)).toEqual([]);
    const slow = await start([anyOf(0.2)]);
    expect(await untilEnded(product.client, slow)).toMatchObject({ status: 'COMPLETED' });
    const wait = (await reader.history(slow)).find(({ kind }) => kind === 'wait');
    expect(wait).toMatchObject({ detail: { by: 'timer' } });
  });

  it('before its messages go out sends none of them earlier, whoever asks', async () => {
    const definition = await defineWorkflow(product.client, {
      GENERATION: {
        agents: [askEach()],
        artifact: { kind: 'email-batch', name: 'emails', content: { emails: '$.outputs.each' } },
      },
      REVIEW: { approval: { artifact: 'emails' } },
      DELIVERY: {
        agents: [{ wait: { signal: { name: 'go' } } }],
        delivery: {
          artifact: 'emails',
          channel: '$.input.at',
          sender: '$.input.from',
          recipients: '$.input.people',
        },
      },
    });
    const id = await startSmall(product.client, definition, { input: { at: 'outbox' } });
    await reader.untilWaiting(id);
    await reader.decide(id, { decision: 'approve' });
    const { body } = await untilItWaits(id);
    await product.app.get(DeliveryService, { strict: false }).deliver(
      { tenantId: await tenantOf(id), runId: body.id },
      {
        signal: new AbortController().signal,
        draining: new AbortController().signal,
      },
    );
    expect((await product.client.get(`/v1/workflows/${id}/deliveries`)).body.items).toEqual([]);
    expect(await deliveredMails(product, id)).toEqual([]);
    await send(id, { name: 'go' });
    expect(await untilEnded(product.client, id)).toMatchObject({ status: 'COMPLETED', output: { sent: 1 } });
    expect(await deliveredMails(product, id)).toHaveLength(1);
  });
});

describe('a run with a deadline', () => {
  it('fails at it while it waits for a signal', async () => {
    const id = await start([signal()], { timeoutSeconds: 1 });
    const run = await untilEnded(product.client, id);
    expect(run).toMatchObject({ status: 'FAILED', contextData: { lastError: { code: 'RUN_TIMED_OUT' } } });
    expect(Date.parse(run.completedAt)).toBeGreaterThanOrEqual(Date.parse(run.deadlineAt));
    await expect.poll(() => jobsOf(id)).toEqual([]);
  });

  it('fails at it while it waits for an approval, which nobody can give any more', async () => {
    const definition = await defineWorkflow(
      product.client,
      {
        GENERATION: {
          agents: [ask('a')],
          artifact: { kind: 'note', name: 'note', content: { text: '$.outputs.a' } },
        },
        REVIEW: { approval: { artifact: 'note' } },
      },
      { timeoutSeconds: 2 },
    );
    const id = await startSmall(product.client, definition);
    await reader.untilWaiting(id);
    expect(await untilEnded(product.client, id)).toMatchObject({
      status: 'FAILED',
      contextData: { lastError: { code: 'RUN_TIMED_OUT' } },
      approvals: [{ status: 'expired' }],
    });
    const retry = await product.client.post(`/v1/workflows/${id}/retry`);
    expectProblem(retry, 409, 'RUN_NOT_RETRYABLE');
    expect(retry.body.reason).toBe('approval_expired');
    await expect.poll(() => jobsOf(id)).toEqual([]);
  });

  it('has its whole time again when it is retried', async () => {
    const id = await start([signal()], { timeoutSeconds: 2 });
    const { deadlineAt } = await untilEnded(product.client, id);
    expect((await product.client.post(`/v1/workflows/${id}/retry`)).status).toBe(202);
    const { body } = await untilItWaits(id);
    expect(Date.parse(body.deadlineAt)).toBeGreaterThan(Date.parse(deadlineAt));
    expect(await untilEnded(product.client, id)).toMatchObject({
      status: 'FAILED',
      contextData: { lastError: { code: 'RUN_TIMED_OUT' } },
    });
  });

  it('leaves nothing behind when it ends in time', async () => {
    const id = await start([ask('a')], { timeoutSeconds: 3_600 });
    expect(await untilEnded(product.client, id)).toMatchObject({ status: 'COMPLETED' });
    await expect.poll(() => jobsOf(id)).toEqual([]);
  });
});

describe('a step with a policy', () => {
  /** Fails as often as told. */
  const failing = (times: number) => {
    let left = times;
    models.calls.length = 0;
    models.reply = (call) => (left-- > 0 ? { status: 500, body: '{}' } : answerTo(call));
  };
  const retry = { maxAttempts: 3, initialDelayMs: 10 };

  it('is tried again as often as it says', async () => {
    failing(2);
    const id = await start([ask('a', { retry })]);
    expect(await untilEnded(product.client, id)).toMatchObject({ status: 'COMPLETED', degraded: false });
    expect(models.calls).toHaveLength(3);
    const steps = (await reader.history(id)).filter(({ kind }) => kind === 'step');
    expect(steps.map(({ status }) => status)).toEqual(['retried', 'retried', 'completed']);
  });

  it('fails, or takes the fallback, once its attempts are used up', async () => {
    failing(100);
    const strict = await start([ask('a', { retry, onFallback: 'fail' })]);
    expect(await untilEnded(product.client, strict)).toMatchObject({
      status: 'FAILED',
      contextData: { lastError: { code: 'MODEL_UNAVAILABLE' } },
    });
    expect(models.calls).toHaveLength(3);
    const lenient = await start([ask('a', { retry })]);
    expect(await untilEnded(product.client, lenient)).toMatchObject({ status: 'COMPLETED', degraded: true });
    expect(models.calls).toHaveLength(6);
  });

  it('is not tried again for other codes than those it names', async () => {
    failing(100);
    const id = await start([
      ask('a', { retry: { ...retry, retryOn: ['STEP_TIMED_OUT'] }, onFallback: 'fail' }),
    ]);
    expect(await untilEnded(product.client, id)).toMatchObject({ status: 'FAILED' });
    expect(models.calls).toHaveLength(1);
  });

  it('holds no worker during a long pause, and is tried again after it', async () => {
    failing(1);
    const id = await start([ask('a', { retry: { maxAttempts: 2, initialDelayMs: 6_000 } })]);
    const { body } = await untilItWaits(id);
    expect(body.waitingFor).toMatchObject({ kind: 'retry', signals: [] });
    const held = await product.database.query(
      `select id from pgboss.job where state = 'active' and data ->> 'runId' = '${id}'`,
    );
    expect(held).toEqual([]);
    expect(await untilEnded(product.client, id)).toMatchObject({ status: 'COMPLETED', waitingFor: null });
    expect(models.calls).toHaveLength(2);
  });

  it('is aborted when its time is over', async () => {
    models.abandoned.length = 0;
    models.reply = () => new Promise(() => {});
    const id = await start([ask('a', { timeoutSeconds: 0.2 })]);
    expect(await untilEnded(product.client, id)).toMatchObject({
      status: 'FAILED',
      contextData: { lastError: { code: 'STEP_TIMED_OUT' } },
    });
    await expect.poll(() => models.abandoned.length).toBe(1);
    models.reply = answerTo;
  });
});

describe('a definition that names an agent this process does not know', () => {
  it.each([[{}], [{ onFailure: 'continue', retry: { maxAttempts: 3 } }]])(
    'ends its run with the reason on record, whatever it says of failures: %j',
    async (parts) => {
      const name = `gone-${newId()}`;
      const document = JSON.stringify(
        definitionOf(name, { GENERATION: { agents: [{ ...ask('a', parts), agent: 'agent_of_old' }] } }),
      ).replaceAll(
        /"(INITIALIZATION|BATCH_DISCOVERY|STRATEGY_ANALYSIS|REVIEW|DELIVERY)":\{\}/g,
        '"$1":{"agents":[]}',
      );
      await product.database.force(
        `insert into workflow_definition (tenant_id, name, version, document, digest, source)
         select tenant_id, $1, 1, $2::jsonb, '\\x00', 'tenant' from api_key limit 1`,
        [name, document],
      );
      const id = await startSmall(product.client, name);
      expect(await untilEnded(product.client, id)).toMatchObject({
        status: 'FAILED',
        contextData: { lastError: { code: 'AGENT_NOT_FOUND' } },
      });
      const { body } = await product.client.get(`/v1/audit/events?workflowId=${id}&type=workflow.failed`);
      expect(body.items).toMatchObject([{ type: 'workflow.failed' }]);
      expect(JSON.stringify(body.items)).toContain('AGENT_NOT_FOUND');
    },
  );
});
