import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { typeOfSignal } from '../../src/workflow/engine/loaded-run.js';
import { OrphanSweep } from '../../src/workflow/orphans/orphan-sweep.service.js';
import { campaignInReview, startCampaign, untilEnded } from '../harness/campaign.js';
import { type Product, startProduct } from '../harness/product.js';
import { defineWorkflow, startSmall } from '../harness/small-workflow.js';

let product: Product;

/** No process takes the jobs of this one: it is what is swept. */
beforeAll(async () => {
  product = await startProduct({ COUNTERSIGN_ROLE: 'api' });
});
afterAll(() => product.close());

const sweep = () => product.app.get(OrphanSweep, { strict: false }).sweep(5);

const jobsOf = (runId: string) =>
  product.database.query(
    `select name, state, group_id from pgboss.job where data ->> 'runId' = $1 order by created_on`,
    [runId],
  );

/** Time passes for a run. */
const age = (runId: string) =>
  product.database.force(`update workflow_run set updated_at = now() - interval '1 minute' where id = $1`, [
    runId,
  ]);

const loseJobs = (runId: string) =>
  product.database.query(`delete from pgboss.job where data ->> 'runId' = $1`, [runId]);

async function startedRun(): Promise<string> {
  return (await startCampaign(product.client)).body.id as string;
}

describe('a run whose job was deleted', () => {
  it('is given another one, once, and that is on record', async () => {
    const id = await startedRun();
    const [job] = await jobsOf(id);
    await loseJobs(id);
    await age(id);
    const given = await Promise.all([sweep(), sweep()]);
    expect(given.toSorted()).toEqual([0, 1]);
    expect(await jobsOf(id)).toEqual([job]);
    expect(await sweep()).toBe(0);
    const [record] = await product.database.query(
      `select outcome, actor_type, convert_from(leaf, 'UTF8')::json -> 'detail' as detail from audit_event
       where run_id = $1 and type = 'workflow.job_restored'`,
      [id],
    );
    expect(record).toEqual({ outcome: 'success', actor_type: 'system', detail: { job: 'workflow.drive' } });
    expect((await product.client.post('/v1/audit/verify')).body).toMatchObject({ valid: true });
  });

  it('is left alone as long as it may only be slow', async () => {
    const id = await startedRun();
    await loseJobs(id);
    expect(await sweep()).toBe(0);
    expect(await jobsOf(id)).toEqual([]);
  });

  it('is left alone when it has its job, given out or not', async () => {
    const id = await startedRun();
    await age(id);
    expect(await sweep()).toBe(0);
    await product.database.query(`update pgboss.job set state = 'active' where data ->> 'runId' = $1`, [id]);
    expect(await sweep()).toBe(0);
  });
});

describe('a run that waits', () => {
  const waitingFor = async (condition: object): Promise<string> => {
    const id = await startedRun();
    await loseJobs(id);
    await age(id);
    const wait = { key: 'wait', jobId: id, since: new Date().toISOString(), conditions: [condition] };
    await product.database.force('update workflow_run set waiting_for = $2 where id = $1', [id, wait]);
    return id;
  };
  const fromNow = (seconds: number) => new Date(Date.now() + seconds * 1_000).toISOString();

  it('lacks no job until its time has come', async () => {
    const id = await waitingFor({ kind: 'timer', until: fromNow(3_600) });
    expect(await sweep()).toBe(0);
    await waitingFor({ kind: 'timer', until: fromNow(-3_600) });
    expect(await sweep()).toBe(1);
    expect(await jobsOf(id)).toEqual([]);
  });

  it('lacks no job until the signal it listens for is there', async () => {
    const id = await waitingFor({ kind: 'signal', name: 'go', onTimeout: 'fail' });
    const send = (name: string) =>
      product.database.force(
        `insert into workflow_signal (id, tenant_id, run_id, type, payload, created_at)
         select gen_random_uuid(), tenant_id, id, $2, '{}', now() - interval '1 minute' from workflow_run where id = $1`,
        [id, typeOfSignal(name)],
      );
    await send('another');
    expect(await sweep()).toBe(0);
    await send('go');
    expect(await sweep()).toBe(1);
    expect(await jobsOf(id)).toHaveLength(1);
  });

  it('is woken at its deadline', async () => {
    const id = await waitingFor({ kind: 'signal', name: 'go', onTimeout: 'fail' });
    await product.database.force('update workflow_run set deadline_at = $2 where id = $1', [
      id,
      fromNow(-60),
    ]);
    expect(await sweep()).toBe(1);
  });
});

describe('with a worker', () => {
  let working: Product;
  beforeAll(async () => {
    working = await startProduct({ COUNTERSIGN__WORKFLOW__ORPHAN_SWEEP_SECONDS: '1' });
  });
  afterAll(() => working.close());

  it('a run without a job is found, driven and completed by itself', async () => {
    const id = await campaignInReview(working.client);
    // What an accident with the tables of the queue leaves: a decision was made, and nobody will go on.
    await working.database.query(
      `create function lose_job() returns trigger language plpgsql as $$ begin return null; end $$;
       create trigger lose_jobs before insert on pgboss.job_common for each row execute function lose_job()`,
    );
    await working.client.post(`/v1/workflows/${id}/approvals`, { decision: 'approve' });
    await working.database.query('drop trigger lose_jobs on pgboss.job_common');
    expect((await untilEnded(working.client, id, 60_000)).status).toBe('COMPLETED');
    const records = await working.database.query(
      `select from audit_event where run_id = $1 and type = 'workflow.job_restored'`,
      [id],
    );
    expect(records.length).toBeGreaterThan(0);
  });

  it('a run that waits for people lacks none', async () => {
    const id = await campaignInReview(working.client);
    await working.database.force(
      `update workflow_run set updated_at = now() - interval '1 hour' where id = $1`,
      [id],
    );
    expect(await working.app.get(OrphanSweep, { strict: false }).sweep(5)).toBe(0);
  });

  const waiting = async (wait: object) => {
    const definition = await defineWorkflow(working.client, { GENERATION: { agents: [{ wait }] } });
    const id = await startSmall(working.client, definition);
    await working.client.until(`/v1/workflows/${id}`, ({ body }) => body.waitingFor !== null);
    return id;
  };
  const stands = (id: string) =>
    working.database.force(`update workflow_run set updated_at = now() - interval '1 hour' where id = $1`, [
      id,
    ]);
  const restored = (id: string) =>
    working.database.query(
      `select convert_from(leaf, 'UTF8')::json -> 'detail' ->> 'job' as job from audit_event
       where run_id = $1 and type = 'workflow.job_restored'`,
      [id],
    );

  it('a run that waits for a signal or for a time to come lacks none', async () => {
    const ids = await Promise.all([
      waiting({ signal: { name: 'go' } }),
      waiting({ timer: { seconds: 3_600 } }),
    ]);
    for (const id of ids) await stands(id);
    expect(await working.app.get(OrphanSweep, { strict: false }).sweep(0)).toBe(0);
    for (const id of ids) expect(await restored(id)).toEqual([]);
  });

  it('a run whose time has come, and one whose signal has, are woken by another', async () => {
    const late = await waiting({ timer: { seconds: 2 } });
    const called = await waiting({ signal: { name: 'go' } });
    await working.database.query(
      `create trigger lose_jobs before insert on pgboss.job_common for each row execute function lose_job()`,
    );
    await working.client.post(`/v1/workflows/${called}/signals`, { name: 'go' });
    await working.database.query('drop trigger lose_jobs on pgboss.job_common');
    await working.database.query(`delete from pgboss.job where data ->> 'runId' = $1`, [late]);
    for (const id of [late, called]) {
      await stands(id);
      expect((await untilEnded(working.client, id, 60_000)).status).toBe('COMPLETED');
      expect(await restored(id)).toEqual([{ job: 'workflow.drive' }]);
    }
  });
});
