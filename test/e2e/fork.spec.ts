import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { BRIEF, campaignInReview, openSession, recipients, SENDER, untilEnded } from '../harness/campaign.js';
import { OTHER_TENANT_ID } from '../harness/database.js';
import { modelEnv } from '../harness/model-env.js';
import { CALL_USAGE, honestAnswer, type ModelCall, ModelServer } from '../harness/model-server.js';
import { expectProblem } from '../harness/problem.js';
import { type Product, startProduct } from '../harness/product.js';
import { deliveredMails, RunReader, type Step } from '../harness/run-reader.js';

const BATCH = 2;
const honest = (call: ModelCall) => ({ content: JSON.stringify(honestAnswer(call)) });
const inputOf = (count: number, brief: object = {}) => ({
  brief: { ...BRIEF, ...brief },
  sender: SENDER,
  recipients: recipients(count),
});

describe('forking a run', () => {
  let models: ModelServer;
  let product: Product;
  let reader: RunReader;
  let source: string;

  beforeAll(async () => {
    models = await ModelServer.start(honest);
    product = await startProduct({
      ...modelEnv(models.url),
      COUNTERSIGN_LOG_LEVEL: 'silent',
      COUNTERSIGN__WORKFLOW__FAN_OUT_BATCH: String(BATCH),
    });
    reader = new RunReader(product.client);
    source = await campaignInReview(product.client, { count: 5 });
    await reader.decide(source, { decision: 'approve' });
    await untilEnded(product.client, source);
  });
  beforeEach(() => {
    models.calls.length = 0;
  });
  afterAll(async () => {
    await product?.close();
    await models?.close();
  });

  const fork = (
    body: object,
    options: { id?: string; key?: string; headers?: Record<string, string> } = {},
  ) => product.client.post(`/v1/workflows/${options.id ?? source}/fork`, body, options);

  async function forked(body: object, id = source): Promise<string> {
    const answer = await fork(body, { id });
    expect(answer.status, answer.text).toBe(202);
    await reader.untilWaiting(answer.body.id as string);
    return answer.body.id as string;
  }

  async function steps(id: string): Promise<(Step & { usage: object; output: unknown })[]> {
    return (await reader.history(id)).filter(({ kind }) => kind === 'step') as never;
  }

  it('calls no model for what it takes over, and shows it as replayed, free and from where', async () => {
    const id = await forked({ fromPhase: 'DELIVERY' });
    expect(models.calls).toEqual([]);
    const made = await steps(source);
    const taken = await steps(id);
    expect(taken.map(({ agent, output }) => [agent, output])).toEqual(
      made.map(({ agent, output }) => [agent, output]),
    );
    for (const [index, step] of taken.entries()) {
      expect(step).toMatchObject({
        status: 'replayed',
        usage: { inputTokens: 0, outputTokens: 0, costUsd: 0 },
        detail: { replayedFrom: { runId: source, seq: made[index]?.seq } },
      });
    }
    expect(await reader.run(id)).toMatchObject({
      forkedFrom: { runId: source, phase: 'DELIVERY' },
      usage: { inputTokens: 0, outputTokens: 0, costUsd: 0 },
      degraded: false,
    });
    expect((await reader.run(source)).forkedFrom).toBeNull();
  });

  it('does the rest itself, and only that', async () => {
    const id = await forked({ fromPhase: 'GENERATION' });
    expect(models.calls.map(({ agent }) => agent)).toEqual([
      ...Array(5).fill('email_generator'),
      'confirmation_agent',
    ]);
    expect((await reader.run(id)).usage.inputTokens).toBe(6 * CALL_USAGE.prompt_tokens);
    expect((await steps(id)).map(({ status }) => status)).toEqual([
      'replayed',
      'replayed',
      ...Array(4).fill('completed'),
    ]);
  });

  it('asks for approval again, and delivers to the same people with their real values', async () => {
    const id = await forked({ fromPhase: 'DELIVERY' });
    expect(await reader.approval(id)).toMatchObject({ status: 'pending', runId: id, decisions: [] });
    expect((await reader.decide(id, { decision: 'approve' })).status).toBe(201);
    expect((await untilEnded(product.client, id)).status).toBe('COMPLETED');
    const mails = await deliveredMails(product, id);
    expect(mails.map((mail) => mail.to?.[0]?.address)).toEqual(recipients(5).map((person) => person.email));
    for (const [index, mail] of mails.entries()) {
      expect(mail.text).toContain(recipients(5)[index]?.name);
      expect(`${mail.subject}${mail.text}`).not.toMatch(/[⟦⟧]/);
    }
    expect((await product.client.post('/v1/audit/verify')).body).toMatchObject({ valid: true });
  });

  it('with another input does again what would be asked something else, and takes over the rest', async () => {
    const people = recipients(5).with(3, { name: 'Odalys Quintero', email: 'odalys@example.com' });
    const id = await forked({ fromPhase: 'DELIVERY', input: { ...inputOf(5), recipients: people } });
    // What was committed together with the message of the new person is done again, at most a batch of two.
    const calls = models.calls.map(({ agent }) => agent);
    expect(new Set(calls)).toEqual(new Set(['email_generator']));
    expect(calls.length).toBeLessThanOrEqual(2);
    const made = (await steps(id)).map(({ agent, status }) => `${agent} ${status}`);
    expect(made).toEqual(
      expect.arrayContaining([
        'requirements_agent replayed',
        'strategy_generator replayed',
        'email_generator replayed',
        'confirmation_agent replayed',
      ]),
    );
    expect(made.filter((each) => each.endsWith(' completed'))).toEqual(['email_generator completed']);
    await reader.decide(id, { decision: 'approve' });
    await untilEnded(product.client, id);
    const mails = await deliveredMails(product, id);
    expect(mails.map((mail) => mail.to?.[0]?.address)).toEqual(people.map((person) => person.email));
    expect(mails[3]?.text).toContain('Dear Odalys Quintero');
  });

  it('with another brief takes nothing over that rests on it', async () => {
    const id = await forked({
      fromPhase: 'REVIEW',
      input: inputOf(5, { goal: 'Say thank you to our customers.' }),
    });
    expect((await steps(id)).every(({ status }) => status === 'completed')).toBe(true);
    expect(models.calls).toHaveLength(8);
  });

  it('with the same input given again takes over everything', async () => {
    await forked({ fromPhase: 'DELIVERY', input: inputOf(5) });
    expect(models.calls).toEqual([]);
  });

  it('takes over the newest round of a run that was sent back', async () => {
    const again = await campaignInReview(product.client, { count: 2 });
    await reader.decide(again, { decision: 'request_changes', comment: 'Shorter, please' });
    await expect.poll(async () => (await reader.approval(again)).round, { timeout: 30_000 }).toBe(1);
    await reader.decide(again, { decision: 'approve' });
    await untilEnded(product.client, again);
    models.calls.length = 0;
    const id = await forked({ fromPhase: 'DELIVERY' }, again);
    expect(models.calls).toEqual([]);
    expect(await steps(id)).toHaveLength(4);
    expect((await reader.approval(id)).round).toBe(0);
  });

  it('can be forked itself, and its forks are found', async () => {
    const first = await forked({ fromPhase: 'GENERATION', attributes: { team: 'blue' } });
    const second = await forked({ fromPhase: 'REVIEW' }, first);
    expect(await reader.run(second)).toMatchObject({
      attributes: { team: 'blue' },
      forkedFrom: { runId: first },
    });
    const { body } = await product.client.get(`/v1/workflows?forkedFrom=${first}`);
    expect(body.items.map(({ id }: { id: string }) => id)).toEqual([second]);
    expectProblem(await product.client.get('/v1/workflows?forkedFrom=x'), 400, 'VALIDATION_FAILED');
  });

  it('says in the audit trail from which run, and by whom', async () => {
    const id = await forked({ fromPhase: 'REVIEW' });
    const { body } = await product.client.get(`/v1/audit/events?workflowId=${id}&limit=200`);
    const event = body.items.find(({ type }: { type: string }) => type === 'workflow.forked');
    expect(JSON.stringify(event)).toContain(source);
    expect(
      body.items.filter(({ type }: { type: string }) => type === 'workflow.step_completed'),
    ).toHaveLength(1);
  });

  it('keeps nothing of people who are not in it, and nothing in clear text', async () => {
    const id = await forked({ fromPhase: 'BATCH_DISCOVERY', input: { ...inputOf(1) } });
    const [{ kept }] = (await product.database.query<{ kept: number }>(
      `select count(distinct subject_ref)::int as kept from vault_token where run_id = $1`,
      [id],
    )) as [{ kept: number }];
    expect(kept).toBeLessThanOrEqual(3);
    const [{ rows }] = (await product.database.query<{ rows: string }>(
      `select string_agg(to_jsonb(c)::text, '') || (select string_agg(to_jsonb(s)::text, '') from workflow_step s) as rows
       from content c`,
    )) as [{ rows: string }];
    for (const { name, email } of recipients(5)) {
      expect(rows).not.toContain(name);
      expect(rows).not.toContain(email);
    }
  });

  it('leaves erased people erased', async () => {
    const run = await campaignInReview(product.client, {
      input: { recipients: [...recipients(1), { name: 'Gone Awayson', email: 'gone.away@example.com' }] },
    });
    await product.database.force(
      `update subject_key set wrapped_key = null, destroyed_at = now() where subject_ref in (
         select subject_ref from vault_token where run_id = $1 and entity = 'EMAIL' and subject_ref not in (
           select subject_ref from vault_token where run_id = $2))`,
      [run, source],
    );
    expectProblem(await fork({ fromPhase: 'REVIEW' }, { id: run }), 409, 'RUN_NOT_FORKABLE');
    models.calls.length = 0;
    const id = await forked({ fromPhase: 'REVIEW', input: inputOf(1) }, run);
    // The batch that speaks of the erased person is not taken over, not even in part.
    expect(models.callsOf('email_generator')).toBe(1);
    const entries = await product.database.query(
      `select 1 from vault_token where run_id = $1 and subject_ref in (
         select subject_ref from subject_key where wrapped_key is null)`,
      [id],
    );
    expect(entries).toEqual([]);
  });

  it('passes the gate of every start: without consent it is denied, and that is recorded', async () => {
    const sessionId = (await product.client.post('/v1/sessions', { consents: [] })).body.id as string;
    const before = (await product.client.get('/v1/workflows?limit=200')).body.items.length;
    const answer = await fork({ fromPhase: 'REVIEW', sessionId });
    expectProblem(answer, 409, 'TRANSITION_DENIED');
    expect(answer.body.violations[0].rule).toBe('gdpr.consent');
    expect((await product.client.get('/v1/workflows?limit=200')).body.items).toHaveLength(before);
    const { body } = await product.client.get('/v1/audit/events?type=workflow.start_denied');
    expect(body.items).toHaveLength(1);
  });

  it('is made once for an idempotency key', async () => {
    const headers = { 'idempotency-key': `fork-${source}` };
    const first = await fork({ fromPhase: 'DELIVERY' }, { headers });
    const again = await fork({ fromPhase: 'DELIVERY' }, { headers });
    expect(again.body).toEqual(first.body);
    await reader.untilWaiting(first.body.id as string);
  });

  it.each([
    [{ fromPhase: 'NOWHERE' }, 'fromPhase'],
    [{}, 'fromPhase'],
    [{ fromPhase: 'REVIEW', input: 'text' }, 'input'],
    [{ fromPhase: 'REVIEW', input: { brief: BRIEF } }, 'input.sender'],
    [{ fromPhase: 'REVIEW', sessionId: 'mine' }, 'sessionId'],
    [{ fromPhase: 'REVIEW', attributes: { who: recipients(1)[0]?.name } }, 'attributes.who'],
    [{ fromPhase: 'REVIEW', round: 1 }, 'round'],
  ])('refuses %o', async (body, path) => {
    const answer = await fork(body);
    expectProblem(answer, 400, 'VALIDATION_FAILED');
    expect(answer.body.errors.map((error: { path: string }) => error.path)).toContain(path);
  });

  it('is refused from a phase that the run has not come to', async () => {
    models.reply = () => ({ hang: true });
    const session = await openSession(product.client);
    const started = await product.client.post('/v1/workflows', {
      definition: 'email-campaign',
      sessionId: session,
      input: inputOf(1),
    });
    const id = started.body.id as string;
    await product.client.until(`/v1/workflows/${id}`, ({ body }) => body.phase === 'BATCH_DISCOVERY');
    const answer = await fork({ fromPhase: 'REVIEW' }, { id });
    expectProblem(answer, 409, 'RUN_NOT_FORKABLE');
    expect(answer.body.reason).toBe('phase_not_reached');
    await product.client.post(`/v1/workflows/${id}/cancel`);
    models.reply = honest;
  });

  it('is refused where a stored text was altered', async () => {
    const run = await campaignInReview(product.client, {
      count: 1,
      input: { brief: { ...BRIEF, goal: 'Altered goal' } },
    });
    await product.database.force(
      `update content set body = body || '{"objective":"Another"}' where hash = (
         select output_hash from workflow_step where run_id = $1 and agent = 'requirements_agent')`,
      [run],
    );
    const answer = await fork({ fromPhase: 'GENERATION' }, { id: run });
    expectProblem(answer, 409, 'RUN_NOT_FORKABLE');
    expect(answer.body.reason).toBe('content_altered');
  });

  it('is for those who may start, in a session of theirs, from a run of their tenant', async () => {
    const reviewer = await product.makeKey('reviewer');
    expectProblem(await fork({ fromPhase: 'REVIEW' }, { key: reviewer.key }), 403, 'FORBIDDEN');
    expectProblem(await fork({ fromPhase: 'REVIEW' }, { key: 'cs_test_nobody' }), 401, 'UNAUTHENTICATED');
    const operator = await product.makeKey('operator');
    expectProblem(await fork({ fromPhase: 'REVIEW' }, { key: operator.key }), 404, 'SESSION_NOT_FOUND');
    const sessionId = await openSession(product.client, operator.key);
    const own = await fork({ fromPhase: 'DELIVERY', sessionId }, { key: operator.key });
    expect(own.body).toMatchObject({ ownerId: operator.id, sessionId });
    await reader.untilWaiting(own.body.id as string);
    const stranger = await product.makeKey('admin');
    await product.database.force('update api_key set tenant_id = $1 where id = $2', [
      OTHER_TENANT_ID,
      stranger.id,
    ]);
    expectProblem(await fork({ fromPhase: 'REVIEW' }, { key: stranger.key }), 404, 'WORKFLOW_NOT_FOUND');
    expectProblem(await fork({ fromPhase: 'REVIEW' }, { id: 'no-id' }), 404, 'WORKFLOW_NOT_FOUND');
  });
});
