import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newId } from '../../src/kernel/ids.js';
import { untilEnded } from '../harness/campaign.js';
import { auditTypes, expectProblem } from '../harness/problem.js';
import { type Product, startProduct } from '../harness/product.js';
import { defineReview, startReview } from '../harness/reviewed-campaign.js';
import { RunReader } from '../harness/run-reader.js';

let product: Product;
let reader: RunReader;

beforeAll(async () => {
  product = await startProduct({ COUNTERSIGN__WORKFLOW__FOUR_EYES: 'true' });
  reader = new RunReader(product.client);
  await defineReview(product, 'by-officers', { roles: ['compliance_officer'], required: 2 });
});
afterAll(() => product?.close());

const delegate = (approvalId: string, body: object, key?: string, headers?: Record<string, string>) =>
  product.client.post(`/v1/approvals/${approvalId}/delegations`, body, { key, headers });
const mine = async (key: string) =>
  (await product.client.get('/v1/approvals?status=pending&mine=true&limit=200', { key })).body.items.map(
    (each: { runId: string }) => each.runId,
  ) as string[];

/** A run that waits, its approval, and people around it. */
async function situation() {
  const runId = await startReview(product, 'by-officers');
  const approval = await reader.approval(runId);
  const [officer, second, reviewer] = await Promise.all([
    product.makeKey('compliance_officer'),
    product.makeKey('compliance_officer'),
    product.makeKey('reviewer'),
  ]);
  return {
    runId,
    id: approval.id as string,
    requesterId: approval.requesterId as string,
    officer,
    second,
    reviewer,
  };
}

describe('a say that is handed over', () => {
  it('counts once, for who has it now; who gave it has none left', async () => {
    const { runId, id, officer, second, reviewer } = await situation();
    expect([await mine(officer.key), await mine(reviewer.key)].map((ids) => ids.includes(runId))).toEqual([
      true,
      false,
    ]);
    const reason = 'On leave; ask recipient.1@example.com';
    const answer = await delegate(id, { toActorId: reviewer.id, reason }, officer.key);
    expect(answer.status).toBe(201);
    expect(answer.body).toMatchObject({
      id,
      status: 'pending',
      artifact: { contentHash: expect.any(String), content: { emails: expect.any(Array) } },
      delegations: [
        { fromActor: officer.id, toActor: reviewer.id, reason: expect.stringContaining('On leave') },
      ],
    });
    expect(answer.text).not.toContain('recipient.1@example.com');
    expect([await mine(officer.key), await mine(reviewer.key)].map((ids) => ids.includes(runId))).toEqual([
      false,
      true,
    ]);
    expectProblem(
      await reader.decide(runId, { decision: 'approve' }, officer.key),
      403,
      'APPROVAL_NOT_YOURS',
    );
    expect((await reader.decide(runId, { decision: 'approve' }, reviewer.key)).body.status).toBe('pending');
    expectProblem(
      await reader.decide(runId, { decision: 'approve' }, reviewer.key),
      409,
      'APPROVAL_ALREADY_DECIDED',
    );
    expect(await mine(reviewer.key)).not.toContain(runId);
    expect((await reader.decide(runId, { decision: 'approve' }, second.key)).body.status).toBe('approved');
    expect((await untilEnded(product.client, runId)).status).toBe('COMPLETED');
    expect((await reader.history(runId)).map(({ status }) => status)).toContain('delegated');
    expect(await auditTypes(product)).toContain('approval.delegated');
  });

  it('is never the requester’s, neither to receive nor to give', async () => {
    const { id, officer, reviewer, requesterId } = await situation();
    expectProblem(
      await delegate(id, { toActorId: requesterId }, officer.key),
      422,
      'APPROVAL_DELEGATION_REFUSED',
    );
    // The requester is the administrator here.
    expectProblem(await delegate(id, { toActorId: reviewer.id }), 403, 'APPROVAL_FOUR_EYES');
  });

  it('is not handed on, and not to who has handed over their own', async () => {
    const { id, officer, second, reviewer } = await situation();
    await delegate(id, { toActorId: second.id }, officer.key);
    expectProblem(
      await delegate(id, { toActorId: reviewer.id }, second.key),
      422,
      'APPROVAL_DELEGATION_REFUSED',
    );
    expectProblem(await delegate(id, { toActorId: second.id }, officer.key), 403, 'APPROVAL_NOT_YOURS');
    const third = await product.makeKey('compliance_officer');
    expectProblem(
      await delegate(id, { toActorId: officer.id }, third.key),
      422,
      'APPROVAL_DELEGATION_REFUSED',
    );
  });

  it('goes only from who has one to who may review, and the refusal is on record', async () => {
    const { id, runId, officer, second, reviewer } = await situation();
    const operator = await product.makeKey('operator');
    for (const toActorId of [operator.id, newId(), officer.id]) {
      expectProblem(await delegate(id, { toActorId }, officer.key), 422, 'APPROVAL_DELEGATION_REFUSED');
    }
    expectProblem(await delegate(id, { toActorId: officer.id }, reviewer.key), 403, 'APPROVAL_NOT_YOURS');
    expect((await auditTypes(product)).at(-1)).toBe('approval.denied');
    expectProblem(await delegate(id, { toActorId: reviewer.id }, operator.key), 403, 'FORBIDDEN');
    expectProblem(await delegate(id, { toActorId: 'nobody' }, officer.key), 400, 'VALIDATION_FAILED');
    expectProblem(
      await delegate(newId(), { toActorId: reviewer.id }, officer.key),
      404,
      'APPROVAL_NOT_FOUND',
    );
    expectProblem(await product.client.get(`/v1/approvals/${newId()}`), 404, 'APPROVAL_NOT_FOUND');
    await reader.decide(runId, { decision: 'approve' }, second.key);
    expectProblem(
      await delegate(id, { toActorId: second.id }, officer.key),
      422,
      'APPROVAL_DELEGATION_REFUSED',
    );
    expectProblem(
      await delegate(id, { toActorId: reviewer.id }, second.key),
      409,
      'APPROVAL_ALREADY_DECIDED',
    );
    await reader.decide(runId, { decision: 'reject' }, officer.key);
    expectProblem(
      await delegate(id, { toActorId: reviewer.id }, officer.key),
      409,
      'APPROVAL_ALREADY_DECIDED',
    );
  });

  it('is guarded by the database too', async () => {
    const { id, requesterId, officer, second, reviewer } = await situation();
    await delegate(id, { toActorId: second.id }, officer.key);
    const write = (from: string, to: string) =>
      product.database
        .query(
          `insert into approval_delegation (id, tenant_id, run_id, approval_id, from_actor, to_actor, created_at)
           select gen_random_uuid(), tenant_id, run_id, id, $2, $3, now() from approval where id = $1`,
          [id, from, to],
        )
        .then(
          () => 'written',
          (error: { code?: string }) => error.code,
        );
    expect(await write(reviewer.id, requesterId)).toBe('CS001');
    expect(await write(requesterId, reviewer.id)).toBe('CS001');
    expect(await write(second.id, reviewer.id)).toBe('CS006');
    // Allowed as such, but no audit record comes with it.
    expect(await write(reviewer.id, second.id)).toBe('CS003');
  });

  it('is handed over once for one idempotency key', async () => {
    const { id, officer, reviewer } = await situation();
    const headers = { 'idempotency-key': newId() };
    const first = await delegate(id, { toActorId: reviewer.id }, officer.key, headers);
    const again = await delegate(id, { toActorId: reviewer.id }, officer.key, headers);
    expect([again.status, again.body]).toEqual([first.status, first.body]);
    expect((await product.client.get(`/v1/approvals/${id}`)).body.delegations).toHaveLength(1);
  });
});
