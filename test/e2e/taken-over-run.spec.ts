import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { DeliveryService } from '../../src/delivery/delivery.service.js';
import type { ClaimContext } from '../../src/jobs/claim-queue.service.js';
import { HandBack } from '../../src/jobs/jobs.service.js';
import { newId } from '../../src/kernel/ids.js';
import { RunLoader } from '../../src/workflow/engine/run-loader.service.js';
import { WorkflowEngine } from '../../src/workflow/workflow.engine.js';
import { startCampaign } from '../harness/campaign.js';
import { TEST_TENANT_ID } from '../harness/database.js';
import { type Product, startProduct } from '../harness/product.js';

/** A run is driven by hand here, so no worker may take it. */
let product: Product;
let tenantId: string;

beforeAll(async () => {
  product = await startProduct({ COUNTERSIGN_ROLE: 'api' });
  const [tenant] = await product.database.query<{ id: string }>(
    'select tenant_id as id from api_key limit 1',
  );
  tenantId = tenant?.id ?? TEST_TENANT_ID;
});
afterAll(() => product.close());

const going = (): ClaimContext => ({
  claim: { id: newId(), tenantId },
  signal: new AbortController().signal,
  draining: new AbortController().signal,
});
const stopping = (): ClaimContext => ({ ...going(), draining: AbortSignal.abort() });

const statusOf = async (id: string) =>
  (await product.client.get(`/v1/workflows/${id}`)).body.status as string;

describe('a run that somebody else changes while it is driven', () => {
  it('is given back, so that it is not lost when the other one has lost it too', async () => {
    const id = (await startCampaign(product.client)).body.id as string;
    const engine = product.app.get(WorkflowEngine, { strict: false });
    const loader = product.app.get(RunLoader, { strict: false });
    const load = loader.load.bind(loader);
    // A process that has lost its lease without knowing it commits once more, just after the run was read here.
    vi.spyOn(loader, 'load').mockImplementationOnce(async (...args) => {
      const loaded = await load(...args);
      await product.database.query('update workflow_run set version = version + 1 where id = $1', [id]);
      return loaded;
    });
    await expect(engine.drive(tenantId, id, going())).rejects.toBeInstanceOf(HandBack);
    expect(await statusOf(id)).toBe('QUEUED');

    await engine.drive(tenantId, id, going());
    expect(await statusOf(id)).toBe('WAITING_FOR_APPROVAL');
  });

  it('is left alone by two drivers of which one is later', async () => {
    const id = (await startCampaign(product.client)).body.id as string;
    const engine = product.app.get(WorkflowEngine, { strict: false });
    const both = await Promise.allSettled([
      engine.drive(tenantId, id, going()),
      engine.drive(tenantId, id, going()),
    ]);
    // Whoever comes second gives the run back or finds it waiting: no step stands there twice.
    const reasons = both.flatMap((each) => (each.status === 'rejected' ? [each.reason as unknown] : []));
    for (const reason of reasons) expect(reason).toBeInstanceOf(HandBack);
    await engine.drive(tenantId, id, going());
    expect(await statusOf(id)).toBe('WAITING_FOR_APPROVAL');
    const repeated = await product.database.query(
      `select step_key from workflow_step where run_id = $1 and kind = 'step' group by step_key having count(*) > 1`,
      [id],
    );
    expect(repeated).toEqual([]);
    expect((await product.client.post('/v1/audit/verify')).body.faults).toEqual(
      expect.not.arrayContaining([expect.objectContaining({ runId: id })]),
    );
  });
});

describe('a hand-over that a dead process left behind', () => {
  it('is uncertain when its message cannot be composed any more, and does not keep the rest from ending', async () => {
    const id = (await startCampaign(product.client)).body.id as string;
    const engine = product.app.get(WorkflowEngine, { strict: false });
    const deliveries = product.app.get(DeliveryService, { strict: false });
    await engine.drive(tenantId, id, going());
    await product.client.post(`/v1/workflows/${id}/approvals`, { decision: 'approve' });
    await engine.drive(tenantId, id, going());
    await expect(deliveries.deliver({ tenantId, runId: id }, stopping())).rejects.toBeInstanceOf(HandBack);

    await product.database.force(
      `update delivery set status = 'sending', attempts = 1, sending_at = now() where run_id = $1 and index = 0`,
      [id],
    );
    // As after an erasure: nobody can know the addresses any more.
    await product.database.query(`delete from vault_token where run_id = $1 and entity = 'EMAIL'`, [id]);
    await deliveries.deliver({ tenantId, runId: id }, going());
    const { body } = await product.client.get(`/v1/workflows/${id}/deliveries`);
    expect(body.items.map((each: { status: string }) => each.status)).toEqual([
      'uncertain',
      'failed',
      'failed',
    ]);
  });
});
