import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { untilEnded } from '../harness/campaign.js';
import { type Instance, startInstance } from '../harness/instance.js';
import { expectProblem } from '../harness/problem.js';
import { type Product, startProduct } from '../harness/product.js';
import { defineReview, startReview } from '../harness/reviewed-campaign.js';
import { RunReader } from '../harness/run-reader.js';

let product: Product;
let other: Instance;
let reader: RunReader;

beforeAll(async () => {
  product = await startProduct();
  other = await startInstance(product);
  reader = new RunReader(product.client);
  await defineReview(product, 'three-of-us', { required: 3 });
  await defineReview(product, 'two-of-us', { required: 2, rejectQuorum: 2 });
  await defineReview(product, 'four-eyed', { fourEyes: true });
});
afterAll(async () => {
  await other?.close();
  await product?.close();
});

const reviewers = (count: number) =>
  Promise.all(Array.from({ length: count }, () => product.makeKey('reviewer')));

/** Past the program: what the database itself makes of it. */
const directly = (text: string, values: unknown[]) =>
  product.database.query(text, values).then(
    () => 'written',
    (error: { code?: string }) => error.code,
  );
const decideDirectly = (runId: string, actorId: string, decision: string, at = 'now()') =>
  directly(
    `insert into approval_decision (id, tenant_id, run_id, approval_id, actor_id, decision, binding_hash, decided_at)
     select gen_random_uuid(), tenant_id, run_id, id, $2, $3, binding_hash, ${at} from approval where run_id = $1`,
    [runId, actorId, decision],
  );

describe('a quorum', () => {
  it('of three has one outcome when twenty decide at the same moment in two processes', async () => {
    const id = await startReview(product, 'three-of-us');
    const keys = await reviewers(20);
    const instances = [product.client, other.client];
    const answers = await Promise.all(
      keys.map(({ key }, index) =>
        instances[index % 2]!.post(`/v1/workflows/${id}/approvals`, { decision: 'approve' }, { key }),
      ),
    );
    const taken = answers.filter(({ status }) => status === 201);
    const refused = answers.filter(({ status }) => status !== 201);
    for (const { status, body } of refused) {
      expect([status, body.code]).toEqual([
        409,
        expect.stringMatching(/^(APPROVAL_ALREADY_DECIDED|RUN_NOT_WAITING)$/),
      ]);
    }
    expect(taken).toHaveLength(3);
    const approval = await reader.approval(id);
    expect(approval.status).toBe('approved');
    expect(new Set(approval.decisions.map((each: { actorId: string }) => each.actorId)).size).toBe(3);
    expect((await untilEnded(product.client, id)).status).toBe('COMPLETED');
  });

  it('of rejections ends the run, one rejection does not', async () => {
    const id = await startReview(product, 'two-of-us');
    const [one, two] = await reviewers(2);
    expect((await reader.decide(id, { decision: 'reject' }, one!.key)).body.status).toBe('pending');
    expect((await reader.run(id)).status).toBe('WAITING_FOR_APPROVAL');
    expect((await reader.decide(id, { decision: 'reject' }, two!.key)).body.status).toBe('rejected');
    expect((await reader.run(id)).status).toBe('REJECTED');
  });

  it('does not count what was approved before an edit, and lets the same person approve the edited text', async () => {
    const id = await startReview(product, 'two-of-us');
    const [one, two] = await reviewers(2);
    expect((await reader.decide(id, { decision: 'approve' }, one!.key)).body.status).toBe('pending');
    expectProblem(
      await reader.decide(id, { decision: 'approve' }, one!.key),
      409,
      'APPROVAL_ALREADY_DECIDED',
    );
    const body = `${(await reader.artifacts(id))[0]?.content.emails[0]?.body}\n\nP.S. See you soon.`;
    const edited = await reader.decide(
      id,
      { decision: 'approve', edits: { emails: [{ index: 0, body }] } },
      two!.key,
    );
    expect(edited.body.status).toBe('pending');
    expect((await reader.decide(id, { decision: 'approve' }, one!.key)).body.status).toBe('approved');
    expect((await untilEnded(product.client, id)).status).toBe('COMPLETED');
  });
});

describe('the database itself', () => {
  it('makes nothing approved or rejected that too few have decided so', async () => {
    const id = await startReview(product, 'two-of-us');
    const [one] = await reviewers(1);
    await reader.decide(id, { decision: 'approve' }, one!.key);
    for (const status of ['approved', 'rejected']) {
      expect(await directly(`update approval set status = $2 where run_id = $1`, [id, status])).toBe('CS004');
    }
    expect(await directly(`update approval set required_approvals = 1 where run_id = $1`, [id])).toBe(
      'CS004',
    );
    expect(await directly(`update approval set roles = '{reviewer,operator}' where run_id = $1`, [id])).toBe(
      'CS004',
    );
  });

  it('takes no decision that is late, from the requester, or from who may not decide any more', async () => {
    const requester = await product.makeKey('admin');
    const id = await startReview(product, 'four-eyed', requester.key);
    const [reviewer] = await reviewers(1);
    const operator = await product.makeKey('operator');
    expect(await decideDirectly(id, requester.id, 'approve')).toBe('CS001');
    expect(await decideDirectly(id, operator.id, 'approve')).toBe('CS006');
    expect(await decideDirectly(id, reviewer!.id, 'approve', `expires_at`)).toBe('CS005');
    await product.database
      .query('update api_key set revoked_at = now() where id = $1', [reviewer!.id])
      .catch(() =>
        product.database.force('update api_key set revoked_at = now() where id = $1', [reviewer!.id]),
      );
    expect(await decideDirectly(id, reviewer!.id, 'approve')).toBe('CS006');
  });

  it('takes no decision of a key that has lost its role or its time since it was admitted', async () => {
    const id = await startReview(product, 'four-eyed');
    const [downgraded, expired] = await reviewers(2);
    await product.database.force(`update api_key set roles = '{operator}' where id = $1`, [downgraded!.id]);
    await product.database.force('update api_key set expires_at = now() where id = $1', [expired!.id]);
    for (const { id: actor } of [downgraded!, expired!]) {
      for (const decision of ['approve', 'reject', 'request_changes']) {
        expect(await decideDirectly(id, actor, decision)).toBe('CS006');
      }
    }
    // The program may still know the key as it was; whoever refuses, nothing is decided.
    for (const { key } of [downgraded!, expired!]) {
      const { status } = await reader.decide(id, { decision: 'approve' }, key);
      expect([401, 403]).toContain(status);
    }
    expect((await reader.approval(id)).decisions).toEqual([]);
  });

  it('refuses in time what the program has let through, and the refusal is answered as such', async () => {
    const id = await startReview(product, 'four-eyed');
    const [reviewer] = await reviewers(1);
    // The program still holds the run as it was when it began to wait.
    await product.database.force(`update approval set expires_at = now() where run_id = $1`, [id]);
    expectProblem(await reader.decide(id, { decision: 'reject' }, reviewer!.key), 409, 'RUN_NOT_WAITING');
  });
});
