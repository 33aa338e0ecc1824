import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { BRIEF, campaignInReview, untilEnded } from '../harness/campaign.js';
import { AuditLog } from '../../src/compliance/audit/log/audit-log.service.js';
import { TEST_TENANT_ID } from '../harness/database.js';
import { type Instance, startInstance } from '../harness/instance.js';
import { type Product, startProduct } from '../harness/product.js';
import { deliveredMails, RunReader } from '../harness/run-reader.js';

/** Answers requests and drives nothing, so that there is a moment between an approval and what follows from it. */
let product: Product;
let reader: RunReader;
let worker: Instance;
let runs = 0;

beforeAll(async () => {
  product = await startProduct({ COUNTERSIGN_ROLE: 'api' });
  reader = new RunReader(product.client);
});
afterAll(() => product.close());

const startWorker = async () => {
  worker = await startInstance(product, { COUNTERSIGN_ROLE: 'worker' });
};

/** A run that has just been approved, with nobody there to deliver it. */
async function approvedRun(): Promise<string> {
  await startWorker();
  // Content is stored once under its hash: each run has its own, so that none meets what was done to another's.
  const brief = { ...BRIEF, goal: `${BRIEF.goal} This is letter ${++runs}.` };
  const id = await campaignInReview(product.client, { input: { brief } });
  await worker.close();
  expect((await reader.decide(id, { decision: 'approve' })).status).toBe(201);
  return id;
}

async function expectRefusedDelivery(id: string): Promise<void> {
  const run = await untilEnded(product.client, id);
  expect(run).toMatchObject({
    status: 'FAILED',
    contextData: {
      lastError: { code: 'TRANSITION_DENIED', message: expect.stringContaining('approval.bound') },
    },
  });
  const denial = (await reader.history(id)).find((step) => step.status === 'denied');
  expect(denial).toMatchObject({
    kind: 'control',
    to: 'DELIVERY',
    detail: { violations: expect.arrayContaining([expect.objectContaining({ rule: 'approval.bound' })]) },
  });
  expect(await deliveredMails(product, id)).toEqual([]);
  expect((await product.client.get(`/v1/workflows/${id}/deliveries`)).body.items).toEqual([]);
  const recorded = await product.client.get(
    `/v1/audit/events?workflowId=${id}&type=workflow.transition_denied`,
  );
  expect(recorded.body.items).toEqual([
    expect.objectContaining({ outcome: 'denied', code: 'approval.bound' }),
  ]);
}

/** What holds is the hash in the run, not what happens to be in the table. */
it('stops a run whose stored input was changed before anybody approved it', async () => {
  await startWorker();
  const brief = { ...BRIEF, goal: `${BRIEF.goal} This is letter ${++runs}.` };
  const id = await campaignInReview(product.client, { input: { brief } });
  await worker.close();
  await product.database.query(
    `update content set body = jsonb_set(body, '{brief,offer}', '"Everything is free."')
     where hash = (select input_hash from workflow_run where id = $1)`,
    [id],
  );
  await reader.decide(id, { decision: 'request_changes', comment: 'Shorter, please.' });
  await startWorker();
  const run = await untilEnded(product.client, id);
  await worker.close();
  expect(run).toMatchObject({
    status: 'FAILED',
    contextData: { lastError: { message: expect.stringContaining('content.intact') } },
  });
});

const unguarded = (statements: string) =>
  product.database.query(`begin; set local session_replication_role = replica; ${statements}; commit`);
const verify = async () => (await product.client.post('/v1/audit/verify')).body as Verification;

describe('what was approved', () => {
  it('is not delivered when its stored content was changed afterwards', async () => {
    const id = await approvedRun();
    await product.database.query(
      `update content set body = jsonb_set(body, '{emails,0,body}', '"Send your password to me."')
       where hash = (select content_hash from artifact where run_id = $1)`,
      [id],
    );
    await startWorker();
    await expectRefusedDelivery(id);
    await worker.close();
  });

  it('is not delivered when another content was put in its place', async () => {
    const id = await approvedRun();
    await product.database.query(
      `with changed as (
         insert into content (tenant_id, hash, body)
         select content.tenant_id, sha256('another'), jsonb_set(body, '{emails,0,subject}', '"Another"')
         from content join artifact on hash = content_hash where run_id = $1 returning hash)
       update artifact set content_hash = changed.hash from changed where run_id = $1`,
      [id],
    );
    await startWorker();
    await expectRefusedDelivery(id);
    await worker.close();
  });

  it('is not delivered to others, or by another channel, than was approved', async () => {
    const changes = [
      `jsonb_set(body, '{recipients}', (body->'recipients') - 2)`,
      `jsonb_set(body, '{delivery}', '{"channel": "webhook", "url": "https://example.com/"}')`,
      `jsonb_set(body, '{sender,name}', '"Somebody else"')`,
    ];
    const ids: string[] = [];
    for (const change of changes) {
      const id = await approvedRun();
      await product.database.query(
        `update content set body = ${change} where hash = (select input_hash from workflow_run where id = $1)`,
        [id],
      );
      ids.push(id);
    }
    await startWorker();
    for (const id of ids) expect(await untilEnded(product.client, id)).toMatchObject({ status: 'FAILED' });
    for (const id of ids) expect(await deliveredMails(product, id)).toEqual([]);
    for (const id of ids) expect(JSON.stringify(await reader.history(id))).toContain('approval.bound');
    await worker.close();
  });

  it('is not delivered under another definition than the one it was approved under', async () => {
    const id = await approvedRun();
    const [before] = await product.database.query<{ document: unknown }>(
      `select document from workflow_definition where name = 'email-campaign' and version = 1`,
    );
    const set = (document: unknown) =>
      product.database.force(
        `update workflow_definition set document = $1 where name = 'email-campaign' and version = 1`,
        [JSON.stringify(document)],
      );
    await set({ ...(before?.document as object), purpose: 'another-purpose' });
    await startWorker();
    const run = await untilEnded(product.client, id);
    await worker.close();
    await set(before?.document);
    expect(run).toMatchObject({ status: 'FAILED' });
    expect(JSON.stringify(await reader.history(id))).toContain('content.intact');
    expect(await deliveredMails(product, id)).toEqual([]);
  });

  it('is all that a delivery job can send, whatever run was written into it', async () => {
    await startWorker();
    const brief = { ...BRIEF, goal: `${BRIEF.goal} This is letter ${++runs}.` };
    const waiting = await campaignInReview(product.client, { input: { brief } });
    await worker.close();
    const id = await approvedRun();
    await product.database.query(`
      create function other_run() returns trigger language plpgsql as
        $$ begin new.data = jsonb_set(new.data, '{runId}', '"${waiting}"'); return new; end $$;
      create trigger other_run before insert on pgboss.job
        for each row when (new.name = 'delivery.deliver') execute function other_run()`);
    await startWorker();
    await product.client.until(`/v1/workflows/${id}`, ({ body }) => body.phase === 'DELIVERY');
    await expect
      .poll(() =>
        product.database.query(
          `select from pgboss.job where name = 'delivery.deliver' and state <> 'completed' and data ->> 'runId' = $1`,
          [waiting],
        ),
      )
      .toEqual([]);
    await worker.close();
    await product.database.query('drop trigger other_run on pgboss.job; drop function other_run()');
    expect(await reader.run(waiting)).toMatchObject({ status: 'WAITING_FOR_APPROVAL' });
    for (const each of [waiting, id]) expect(await deliveredMails(product, each)).toEqual([]);
  });

  it('is not delivered when it was changed between the last gate and the delivery', async () => {
    const id = await approvedRun();
    // The first look at the delivery comes an hour late.
    await product.database.query(`
      create function hold_delivery() returns trigger language plpgsql as
        $$ begin new.start_after = now() + interval '1 hour'; return new; end $$;
      create trigger hold_delivery before insert on pgboss.job
        for each row when (new.name = 'delivery.deliver') execute function hold_delivery()`);
    await startWorker();
    await product.client.until(`/v1/workflows/${id}`, ({ body }) => body.phase === 'DELIVERY');
    await product.database.query(
      `update content set body = jsonb_set(body, '{emails,1,body}', '"Something else"') where hash = (select content_hash from artifact where run_id = $1)`,
      [id],
    );
    await product.database.query(`
      drop trigger hold_delivery on pgboss.job;
      drop function hold_delivery();
      update pgboss.job set start_after = now() where name = 'delivery.deliver' and state = 'created'`);
    await expectRefusedDelivery(id);
    await worker.close();
  });

  it('is delivered when nothing was touched', async () => {
    const id = await approvedRun();
    await startWorker();
    expect(await untilEnded(product.client, id)).toMatchObject({ status: 'COMPLETED' });
    expect(await deliveredMails(product, id)).toHaveLength(3);
    await worker.close();
  });
});

describe('the audit trail', () => {
  let id: string;
  /** Ids of the run's events, in order. */
  let events: readonly { readonly id: string; readonly type: string }[];

  beforeAll(async () => {
    id = await approvedRun();
    await startWorker();
    await untilEnded(product.client, id);
    await worker.close();
    await product.app.get(AuditLog).seal(TEST_TENANT_ID);
    events = await product.database.query(
      'select id, type from audit_event where run_id = $1 order by run_seq',
      [id],
    );
    await product.database.query(`
      create table kept_event as select * from audit_event where run_id = '${id}';
      create table kept_place as select * from audit_index where event_id in (select id from kept_event)`);
  });

  // Only the owner of the database can: the guards of the tables are switched off.
  afterEach(() =>
    unguarded(`
      delete from audit_event where run_id = '${id}';
      insert into audit_event select * from kept_event;
      delete from audit_index where event_id in (select event_id from kept_place);
      insert into audit_index select * from kept_place`),
  );

  const eventId = (type: string) => events.find((event) => event.type === type)?.id ?? '';
  const idAfter = (type: string) => events[events.findIndex((event) => event.type === type) + 1]?.id ?? '';
  const rewritten = `convert_to(replace(convert_from(leaf, 'UTF8'), '"decision":"approve"', '"decision":"reject"'), 'UTF8')`;

  it('verifies as it was written', async () => {
    expect(await verify()).toMatchObject({ valid: true, faults: [] });
  });

  it('cannot be changed while its guards stand', async () => {
    for (const statement of [
      'update audit_event set type = type',
      'delete from audit_event',
      'truncate audit_event',
      'update audit_index set index = index',
      'delete from audit_index',
      'update audit_checkpoint set note = note',
      'delete from audit_checkpoint',
      'truncate audit_tile',
    ]) {
      await expect(product.database.query(statement), statement).rejects.toThrow(
        'audit records are append-only',
      );
    }
    for (const statement of [
      'update audit_head set size = size - 1',
      'update audit_head set root_hash = sha256(root_hash)',
      'delete from audit_head',
    ]) {
      await expect(product.database.query(statement), statement).rejects.toThrow('only moves on');
    }
    for (const statement of [
      `update audit_tile set hashes = sha256('another') || substring(hashes from 33)`,
      'delete from audit_tile',
    ]) {
      await expect(product.database.query(statement), statement).rejects.toThrow('only grow');
    }
  });

  it('names the event whose record was rewritten', async () => {
    const event = eventId('approval.decided');
    await unguarded(`update audit_event set leaf = ${rewritten} where id = '${event}'`);
    const { valid, faults } = await verify();
    expect(valid).toBe(false);
    expect(faults[0]).toMatchObject({ eventId: event, runId: id, reason: 'leaf_hash_differs' });
  });

  it('names the event that follows one rewritten together with its hash', async () => {
    const event = eventId('approval.decided');
    await unguarded(
      `update audit_event set leaf = ${rewritten}, leaf_hash = sha256('\\x00'::bytea || ${rewritten}) where id = '${event}'`,
    );
    expect(await verify()).toMatchObject({
      valid: false,
      faults: [
        { eventId: event, runId: id, reason: 'sealed_hash_differs' },
        { eventId: idAfter('approval.decided'), runId: id, reason: 'chain_broken' },
      ],
    });
  });

  it('names the event whose searchable columns say something else than its record', async () => {
    const event = eventId('approval.decided');
    await unguarded(`update audit_event set actor_ref = 'somebody-else' where id = '${event}'`);
    expect(await verify()).toMatchObject({
      valid: false,
      faults: [{ eventId: event, runId: id, reason: 'projection_differs' }],
    });
  });

  it('names an event that is gone from the middle', async () => {
    const event = eventId('approval.decided');
    await unguarded(`delete from audit_event where id = '${event}'`);
    const { valid, faults } = await verify();
    expect(valid).toBe(false);
    expect(faults).toEqual([
      expect.objectContaining({ eventId: event, reason: 'event_missing' }),
      expect.objectContaining({ eventId: idAfter('approval.decided'), runId: id, reason: 'chain_broken' }),
    ]);
  });

  it('names the run whose last event is gone without a trace', async () => {
    const event = events.at(-1)?.id;
    await unguarded(
      `delete from audit_event where id = '${event}'; delete from audit_index where event_id = '${event}'`,
    );
    const { valid, faults } = await verify();
    expect(valid).toBe(false);
    expect(faults).toContainEqual(expect.objectContaining({ runId: id, reason: 'chain_cut' }));
    expect(reasonsOf(faults)).toEqual(expect.arrayContaining(['head_differs', 'checkpoint_differs']));
  });

  it('names the place of an event that was taken out of the log with all that points to it', async () => {
    const event = eventId('approval.decided');
    await unguarded(`delete from audit_index where event_id = '${event}'`);
    const { faults } = await verify();
    expect(reasonsOf(faults)).toEqual(
      expect.arrayContaining(['index_missing', 'tile_differs', 'head_differs', 'event_not_logged']),
    );
  });

  it('names events that have changed places', async () => {
    const [one, other] = [eventId('approval.requested'), eventId('approval.decided')];
    await unguarded(`
      create temporary table moved on commit drop as
        select here.event_id, there.index from audit_index here, audit_index there
         where (here.event_id, there.event_id) in (('${one}', '${other}'), ('${other}', '${one}'));
      update audit_index set index = -1 - index where event_id in ('${one}', '${other}');
      update audit_index set index = moved.index from moved where moved.event_id = audit_index.event_id`);
    const { faults } = await verify();
    expect(reasonsOf(faults)).toEqual(
      expect.arrayContaining(['chain_broken', 'tile_differs', 'head_differs', 'checkpoint_differs']),
    );
  });

  it('names a head that claims another tree', async () => {
    const [kept] = await product.database.query<{ root_hash: Buffer }>('select root_hash from audit_head');
    await unguarded(`update audit_head set root_hash = sha256('another')`);
    const { faults } = await verify();
    await product.database.force('update audit_head set root_hash = $1', [kept?.root_hash]);
    expect(reasonsOf(faults)).toEqual(['head_differs']);
  });

  it('names an event that somebody has put in past the program', async () => {
    await unguarded(`
      insert into audit_event (id, tenant_id, type, outcome, occurred_at, actor_type, actor_ref, leaf, leaf_hash)
      select gen_random_uuid(), tenant_id, type, outcome, occurred_at, actor_type, actor_ref, leaf, leaf_hash
      from audit_event where id = '${eventId('approval.decided')}'`);
    const { valid, faults } = await verify();
    await unguarded('delete from audit_event where id not in (select event_id from audit_index)');
    expect(valid).toBe(false);
    expect(faults).toEqual([
      expect.objectContaining({ reason: 'event_not_logged', eventId: expect.any(String) }),
    ]);
  });
});

const reasonsOf = (faults: Verification['faults']) => faults.map(({ reason }) => reason);

interface Verification {
  readonly valid: boolean;
  readonly faults: readonly {
    readonly eventId: string | null;
    readonly runId: string | null;
    readonly reason: string;
  }[];
}
