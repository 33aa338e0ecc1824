import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TokenVault } from '../../src/compliance/pii/token-vault.service.js';
import { RetentionPass } from '../../src/workflow/retention/retention-pass.service.js';
import { campaignInReview, recipients, untilEnded } from '../harness/campaign.js';
import { OTHER_TENANT_ID, TEST_TENANT_ID } from '../harness/database.js';
import { expectProblem } from '../harness/problem.js';
import { type Product, startProduct } from '../harness/product.js';

const DAY_MS = 86_400_000;
const REFERENCE = 'case 2026/117';

describe('a legal hold', () => {
  let product: Product;
  let officer: string;
  let second: string;

  beforeAll(async () => {
    product = await startProduct({
      COUNTERSIGN__RETENTION__FINISHED_RUNS_DAYS: '30',
      COUNTERSIGN__RETENTION__INTERVAL_MINUTES: '1440',
    });
    officer = (await product.makeKey('compliance_officer')).key;
    second = (await product.makeKey('compliance_officer')).key;
  });
  afterAll(() => product?.close());

  const place = (body: object, key = officer) => product.client.post('/v1/audit/holds', body, { key });
  const lift = (id: string, key: string) =>
    product.client.request('DELETE', `/v1/audit/holds/${id}`, { key });
  const liftByTwo = async (id: string) => {
    await lift(id, officer);
    expect((await lift(id, second)).body.status).toBe('lifted');
  };
  /** A run that ended long ago. */
  const oldRun = async () => {
    const id = await campaignInReview(product.client, { count: 1 });
    await product.client.post(`/v1/workflows/${id}/approvals`, { decision: 'approve' });
    await untilEnded(product.client, id);
    await product.database.force(
      `update workflow_run set created_at = now() - interval '91 days', completed_at = now() - interval '90 days' where id = $1`,
      [id],
    );
    return id;
  };
  const purge = () => product.app.get(RetentionPass, { strict: false }).run(new AbortController().signal);
  const exists = async (id: string) => (await product.client.get(`/v1/workflows/${id}`)).status === 200;

  it.each([
    ['the tenant', () => ({ scope: 'tenant' })],
    ['the run', (runId: string) => ({ scope: 'run', runId })],
    ['a person it concerns', () => ({ scope: 'subject', subject: recipients(1)[0]?.email })],
    [
      'the time in which it ran',
      () => ({
        scope: 'period',
        from: new Date(Date.now() - 100 * DAY_MS).toISOString(),
        to: new Date(Date.now() - 80 * DAY_MS).toISOString(),
      }),
    ],
  ])(
    'on %s keeps a run that retention would remove, until two people have lifted it',
    async (_what, scopeOf) => {
      const runId = await oldRun();
      const held = await place({ ...scopeOf(runId), reference: REFERENCE });
      expect(held.status, held.text).toBe(201);
      await purge();
      expect(await exists(runId)).toBe(true);
      await liftByTwo(held.body.id as string);
      await purge();
      expect(await exists(runId)).toBe(false);
      expect((await product.client.post('/v1/audit/verify')).body).toMatchObject({ valid: true });
    },
  );

  it('on something else keeps nothing', async () => {
    const runId = await oldRun();
    const other = await place({
      scope: 'subject',
      subject: 'somebody.else@example.com',
      reference: REFERENCE,
    });
    await purge();
    expect(await exists(runId)).toBe(false);
    await liftByTwo(other.body.id as string);
  });

  it('costs a look at an empty index where there is none', async () => {
    const plan = await product.database.query<{ 'QUERY PLAN': string }>(
      `explain select id from workflow_run where not exists (select from legal_hold where lifted_at is null)`,
    );
    expect(plan.map((row) => row['QUERY PLAN']).join('\n')).toMatch(/InitPlan/);
  });

  it('is never lifted by the one who asked for it, not even past the program', async () => {
    const { body } = await place({ scope: 'tenant', reference: REFERENCE });
    const asked = await lift(body.id as string, officer);
    expect(asked.body).toMatchObject({ status: 'lift_requested', liftedBy: null });
    expectProblem(await lift(body.id as string, officer), 403, 'HOLD_NEEDS_SECOND_PERSON');
    await expect(
      product.database.query(
        'update legal_hold set lifted_by = lift_requested_by, lifted_at = now() where id = $1',
        [body.id],
      ),
    ).rejects.toMatchObject({ constraint: 'legal_hold_two_people' });
    await expect(
      product.database.query(`update legal_hold set reference = 'another' where id = $1`, [body.id]),
    ).rejects.toMatchObject({ code: 'CS004' });
    expect((await lift(body.id as string, second)).body.status).toBe('lifted');
    expect((await lift(body.id as string, second)).body.status).toBe('lifted');
    const types = ['hold.placed', 'hold.lift_requested', 'hold.lifted'];
    for (const type of types) {
      const { body: events } = await product.client.get(`/v1/audit/events?type=${type}`);
      expect(events.items[0].targets[0]).toEqual({ type: 'legal_hold', ref: body.id });
    }
  });

  it('once more on the same person is refused; the list shows what holds and what has held', async () => {
    const subject = 'held.once@example.com';
    const reference = { reference: REFERENCE };
    const first = await product.client.request('PUT', `/v1/subjects/${subject}/legal-hold`, {
      body: reference,
    });
    const subjectRef = product.app.get(TokenVault, { strict: false }).subjectRefOf(TEST_TENANT_ID, subject);
    expect(first.body).toMatchObject({ scope: 'subject', subjectRef, status: 'standing' });
    expectProblem(await place({ scope: 'subject', subject, ...reference }), 409, 'HOLD_EXISTS');
    const list = await product.client.get('/v1/audit/holds?limit=1', { key: officer });
    expect(list.body.items).toMatchObject([{ id: first.body.id, status: 'standing' }]);
    const rest = await product.client.get(`/v1/audit/holds?cursor=${list.body.nextCursor}`, { key: officer });
    expect(rest.body.items.map(({ status }: { status: string }) => status)).toContain('lifted');
    expect((await product.client.get(`/v1/audit/holds/${first.body.id}`, { key: officer })).body).toEqual(
      list.body.items[0],
    );
  });

  it.each([
    { scope: 'tenant' },
    { scope: 'galaxy', reference: REFERENCE },
    { scope: 'run', reference: REFERENCE },
    { scope: 'run', runId: 'no id', reference: REFERENCE },
    { scope: 'subject', subject: 'nobody', reference: REFERENCE },
    { scope: 'period', from: '2026-01-01T00:00:00.000Z', reference: REFERENCE },
    {
      scope: 'period',
      from: '2026-02-01T00:00:00.000Z',
      to: '2026-01-01T00:00:00.000Z',
      reference: REFERENCE,
    },
    { scope: 'tenant', subject: 'a@example.com', reference: REFERENCE },
    { scope: 'tenant', reference: 'about ada@example.com' },
    { scope: 'tenant', reference: REFERENCE, why: 'because' },
  ])('placed as %o is refused', async (body) => {
    expectProblem(await place(body), 400, 'VALIDATION_FAILED');
  });

  it('is for those who may, and of their own tenant', async () => {
    const operator = (await product.makeKey('operator')).key;
    const reviewer = (await product.makeKey('reviewer')).key;
    expectProblem(await place({ scope: 'tenant', reference: REFERENCE }, operator), 403, 'FORBIDDEN');
    expectProblem(await place({ scope: 'tenant', reference: REFERENCE }, ''), 401, 'UNAUTHENTICATED');
    expectProblem(await product.client.get('/v1/audit/holds', { key: reviewer }), 403, 'FORBIDDEN');
    expectProblem(await lift('nothing', officer), 404, 'HOLD_NOT_FOUND');
    const stranger = await product.makeKey('admin');
    await product.database.force('update api_key set tenant_id = $1 where id = $2', [
      OTHER_TENANT_ID,
      stranger.id,
    ]);
    const { body } = await place({ scope: 'tenant', reference: REFERENCE });
    expectProblem(await lift(body.id as string, stranger.key), 404, 'HOLD_NOT_FOUND');
    expect((await product.client.get('/v1/audit/holds', { key: stranger.key })).body.items).toEqual([]);
    await liftByTwo(body.id as string);
  });
});
