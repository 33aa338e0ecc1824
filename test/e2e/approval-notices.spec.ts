import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LoadedRun } from '../../src/workflow/engine/loaded-run.js';
import { RunLoader } from '../../src/workflow/engine/run-loader.service.js';
import { WaitingRuns } from '../../src/workflow/engine/waiting-runs.js';
import { untilEnded } from '../harness/campaign.js';
import { TEST_TENANT_ID } from '../harness/database.js';
import { type Instance, startInstance } from '../harness/instance.js';
import { auditTypes, expectProblem } from '../harness/problem.js';
import { type Product, startProduct } from '../harness/product.js';
import { defineReview, letTimeCome, startReview } from '../harness/reviewed-campaign.js';
import { RunReader } from '../harness/run-reader.js';

let product: Product;
let other: Instance;
let reader: RunReader;

beforeAll(async () => {
  product = await startProduct();
  other = await startInstance(product);
  reader = new RunReader(product.client);
  await defineReview(product, 'reminded', {
    roles: ['reviewer'],
    reminders: [{ afterHours: 1 }, { afterHours: 3 }],
    escalation: { afterHours: 5, roles: ['compliance_officer'] },
    expiresInHours: 10,
  });
});
afterAll(async () => {
  await other?.close();
  await product?.close();
});

const notices = async (id: string) =>
  (await reader.history(id)).filter((step) => ['reminded', 'escalated'].includes(step.status));
const eventTypes = async (id: string) =>
  (
    await product.database.query<{ type: string }>(
      'select type from workflow_event where run_id = $1 order by seq',
      [id],
    )
  ).map(({ type }) => type);
const waiting = async (id: string) =>
  product.database.query(
    `select id from pgboss.job where name = 'workflow.drive' and state < 'completed' and data ->> 'runId' = $1`,
    [id],
  );

describe('an approval that waits', () => {
  it('reminds once for each time, in the history, to listeners and on record, whoever wakes the run', async () => {
    const id = await startReview(product, 'reminded');
    const audited = (await auditTypes(product)).length;
    await letTimeCome(product, id, '2 hours');
    await expect.poll(() => notices(id), { timeout: 30_000 }).toHaveLength(1);
    await letTimeCome(product, id, '4 hours');
    await expect.poll(() => notices(id), { timeout: 30_000 }).toHaveLength(2);
    expect((await notices(id)).map(({ detail }) => detail)).toEqual([
      expect.objectContaining({ reminder: 1, of: 2 }),
      expect.objectContaining({ reminder: 2, of: 2 }),
    ]);
    expect((await eventTypes(id)).filter((type) => type === 'approval.reminded')).toHaveLength(2);
    expect((await auditTypes(product)).slice(audited)).toEqual(['approval.reminded', 'approval.reminded']);
    expect(await reader.run(id)).toMatchObject({ status: 'WAITING_FOR_APPROVAL' });
  });

  it('is woken for nothing by a job that comes twice', async () => {
    const id = await startReview(product, 'reminded');
    await letTimeCome(product, id, '2 hours');
    await expect.poll(() => notices(id), { timeout: 30_000 }).toHaveLength(1);
    await product.database.query(
      `insert into pgboss.job (id, name, data, group_id, policy)
       select gen_random_uuid(), name, data, group_id, policy from pgboss.job, generate_series(1, 5)
       where name = 'workflow.drive' and data ->> 'runId' = $1 and state = 'created' limit 5`,
      [id],
    );
    // The wakes for the second reminder, the escalation and the expiry are all that is left.
    await expect.poll(() => waiting(id), { timeout: 30_000 }).toHaveLength(3);
    expect(await notices(id)).toHaveLength(1);
  });

  it('asks others as well when its time has come, and takes their decision', async () => {
    const id = await startReview(product, 'reminded');
    const officer = await product.makeKey('compliance_officer');
    expectProblem(await reader.decide(id, { decision: 'approve' }, officer.key), 403, 'APPROVAL_NOT_YOURS');
    await letTimeCome(product, id, '6 hours');
    await expect
      .poll(async () => (await notices(id)).map(({ status }) => status), { timeout: 30_000 })
      .toContain('escalated');
    expect(await reader.approval(id)).toMatchObject({
      roles: ['reviewer', 'compliance_officer'],
      escalatedAt: expect.any(String),
      status: 'pending',
    });
    expect((await reader.decide(id, { decision: 'approve' }, officer.key)).status).toBe(201);
    expect((await untilEnded(product.client, id)).status).toBe('COMPLETED');
    expect(await auditTypes(product)).toContain('approval.escalated');
  });

  it('refuses nobody by what a process remembers of it', async () => {
    const id = await startReview(product, 'reminded');
    const before = await product.app.get(RunLoader).load(TEST_TENANT_ID, id);
    const officer = await product.makeKey('compliance_officer');
    await letTimeCome(product, id, '6 hours');
    await expect
      .poll(async () => (await notices(id)).map(({ status }) => status), { timeout: 30_000 })
      .toContain('escalated');
    product.app.get(WaitingRuns).keep(before as LoadedRun);
    expect((await reader.decide(id, { decision: 'approve' }, officer.key)).status).toBe(201);
  });

  it('wakes nobody any more once it is decided', async () => {
    const id = await startReview(product, 'reminded');
    expect(await waiting(id)).toHaveLength(4);
    const { key } = await product.makeKey('reviewer');
    expect((await reader.decide(id, { decision: 'reject' }, key)).status).toBe(201);
    expect(await waiting(id)).toEqual([]);
  });

  it('expires for good although it has reminded', async () => {
    const id = await startReview(product, 'reminded');
    await letTimeCome(product, id, '11 hours');
    expect(await untilEnded(product.client, id)).toMatchObject({
      status: 'REJECTED',
      approvals: [{ status: 'expired', decisions: [] }],
    });
  });
});
