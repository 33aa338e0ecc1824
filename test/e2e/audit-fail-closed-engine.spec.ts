import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { campaignInReview, startCampaign, untilEnded } from '../harness/campaign.js';
import { expectProblem } from '../harness/problem.js';
import { type Product, startProduct } from '../harness/product.js';

/** Entered by the engine alone, one after the other; the last is the end of the run. */
const ON_ITS_OWN = ['STRATEGY_ANALYSIS', 'GENERATION', 'REVIEW', 'COMPLETED'];

let product: Product;

beforeAll(async () => {
  product = await startProduct({ COUNTERSIGN_LOG_LEVEL: 'silent' });
  await product.database.query('create sequence refused_records');
});
afterAll(() => product?.close());

/** Fails every record of an entry into a phase. */
async function refuse(phase: string): Promise<void> {
  await product.database.query(
    `create or replace function refuse_transition() returns trigger language plpgsql security definer as $$
     begin
       if new.type = 'workflow.transition'
         and convert_from(new.leaf, 'UTF8')::jsonb #>> '{change,to}' = '${phase}'
       then
         -- What a sequence counts stays counted when the statement fails.
         perform nextval('refused_records');
         raise exception 'no record of this phase';
       end if;
       return new;
     end $$;
     create trigger refuse_transition before insert on audit_event for each row execute function refuse_transition()`,
  );
}

const allow = () => product.database.query('drop trigger if exists refuse_transition on audit_event');

/** How often a record was refused. */
async function refusals(): Promise<number> {
  const [row] = await product.database.query<{ count: number }>(
    'select case when is_called then last_value else 0 end::int as count from refused_records',
  );
  return row?.count ?? 0;
}

/** Waits until the record was refused so often. */
async function untilRefused(id: string, times: number): Promise<void> {
  await product.client.until(`/v1/workflows/${id}`, async () => (await refusals()) >= times, 60_000);
}

describe('a run whose transition cannot be recorded', () => {
  afterEach(allow);

  it('is not started when a phase that comes with the start cannot be', async () => {
    await refuse('BATCH_DISCOVERY');
    expectProblem(await startCampaign(product.client, { count: 1 }), 503, 'AUDIT_UNAVAILABLE');
    expect(await product.database.query('select 1 from workflow_run')).toEqual([]);
    expect(await refusals()).toBeGreaterThan(0);
  });

  it('is not approved when the phase that comes with the approval cannot be', async () => {
    const id = await campaignInReview(product.client, { count: 1 });
    await refuse('DELIVERY');
    const approve = () => product.client.post(`/v1/workflows/${id}/approvals`, { decision: 'approve' });
    expectProblem(await approve(), 503, 'AUDIT_UNAVAILABLE');
    const { body } = await product.client.get(`/v1/workflows/${id}/approvals`);
    expect(body.items).toMatchObject([{ status: 'pending', decisions: [] }]);
    await allow();
    expect((await approve()).status).toBe(201);
    expect(await untilEnded(product.client, id)).toMatchObject({ status: 'COMPLETED' });
  });

  it.each(ON_ITS_OWN)('does not reach %s, and goes on when it can be', async (phase) => {
    await refuse(phase);
    const seen = await refusals();
    const { status, body, text } = await startCampaign(product.client, { count: 1 });
    expect(status, text).toBe(202);
    const id = body.id as string;
    if (phase === 'COMPLETED') await approveWhenAsked(id);
    // Refused, and refused again: nobody has given it up meanwhile.
    await untilRefused(id, seen + 2);
    const [run] = await product.database.query<{ status: string; phase: string }>(
      'select status, phase from workflow_run where id = $1',
      [id],
    );
    expect(run?.status).toBe('RUNNING');
    expect(run?.phase).not.toBe(phase);
    expect(await tracesOf(id, phase)).toEqual([]);
    await allow();
    if (phase !== 'COMPLETED') await approveWhenAsked(id);
    expect(await untilEnded(product.client, id, 60_000)).toMatchObject({
      status: 'COMPLETED',
      output: { sent: 1, failed: 0 },
    });
    expect(await tracesOf(id, phase)).not.toEqual([]);
  });
});

async function approveWhenAsked(id: string): Promise<void> {
  const path = `/v1/workflows/${id}`;
  await product.client.until(path, ({ body }) => body.status === 'WAITING_FOR_APPROVAL', 60_000);
  const { status, text } = await product.client.post(`${path}/approvals`, { decision: 'approve' });
  expect(status, text).toBe(201);
}

/** What stands anywhere of an entry into a phase. */
function tracesOf(id: string, phase: string): Promise<object[]> {
  return product.database.query(
    `select 'history' from workflow_step where run_id = $1 and to_phase = $2
     union all select 'record' from audit_event where run_id = $1 and type = 'workflow.transition'
       and convert_from(leaf, 'UTF8')::jsonb #>> '{change,to}' = $2
     union all select 'event' from workflow_event where run_id = $1
       and (data ->> 'phase' = $2 or type = 'workflow.completed' and $2 = 'COMPLETED')`,
    [id, phase],
  );
}
