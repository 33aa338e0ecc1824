import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { ConsentService } from '../../src/compliance/consent/consent.service.js';
import { DueFires } from '../../src/schedules/firing/due-fires.service.js';
import { ScheduleSweep } from '../../src/schedules/firing/schedule-sweep.service.js';
import { RunAdmission } from '../../src/workflow/admission/run-admission.service.js';
import { recipients } from '../harness/campaign.js';
import { type Instance, startInstance } from '../harness/instance.js';
import { type Product, startProduct } from '../harness/product.js';
import { firesOf, makeDue, makeSchedule, scheduleAudit, wake } from '../harness/schedules.js';

/** Schedules are woken by hand here, so no worker may take their jobs. */
let product: Product;
let other: Instance;

beforeAll(async () => {
  product = await startProduct({ COUNTERSIGN_ROLE: 'api' });
  other = await startInstance(product, { COUNTERSIGN_ROLE: 'api' });
});
afterAll(async () => {
  await other.close();
  await product.close();
});

const show = async (id: string) => (await product.client.get(`/v1/schedules/${id}`)).body;
const patch = (id: string, body: object, key?: string) =>
  product.client.request('PATCH', `/v1/schedules/${id}`, { body, key });
const trigger = (id: string, body: object = {}) => product.client.post(`/v1/schedules/${id}/trigger`, body);
const runsOf = async (id: string): Promise<string[]> => {
  const rows = await product.database.query<{ id: string }>(
    `select run.id from workflow_run run join schedule_fire fire on fire.run_id = run.id where fire.schedule_id = $1`,
    [id],
  );
  return rows.map((row) => row.id);
};
const cancel = (runId: string) => product.client.post(`/v1/workflows/${runId}/cancel`);
const countOf = async (table: string) =>
  (await product.database.query<{ count: number }>(`select count(*)::int as count from ${table}`))[0]?.count;

describe('a fire time that has come', () => {
  it('starts one run for the owner, in a session of its own, and says so', async () => {
    const schedule = await makeSchedule(product, { attributes: { team: 'renewals' } });
    const fireAt = await makeDue(product, schedule.id);
    await wake(product, schedule.id);
    const [fire] = await firesOf(product, schedule.id);
    expect(fire).toMatchObject({
      fireAt: fireAt.toISOString(),
      trigger: 'schedule',
      outcome: 'started',
      code: null,
      runStatus: 'QUEUED',
    });
    const run = (await product.client.get(`/v1/workflows/${fire.runId}`)).body;
    expect(run).toMatchObject({ ownerId: schedule.ownerId, attributes: { team: 'renewals' } });
    expect(run.sessionId).not.toBe(schedule.sessionId);
    const after = await show(schedule.id);
    expect(after).toMatchObject({
      counts: { started: 1, skipped: 0, missed: 0, denied: 0 },
      lastOutcome: { id: fire.id, outcome: 'started' },
      nextFireAt: new Date(fireAt).toISOString().replace(/^\d+/, (year) => String(Number(year) + 1)),
    });
    expect(await scheduleAudit(product, schedule.id)).toEqual(['schedule.created', 'schedule.fired']);
  });

  it('starts one run when several processes take it up at once, and leaves no session of the others in use', async () => {
    const schedule = await makeSchedule(product, { overlap: 'allow' });
    const fireAt = await makeDue(product, schedule.id);
    const inOther = { app: other.app, database: product.database };
    await Promise.all([product, inOther, product, inOther, product].map((each) => wake(each, schedule.id)));
    expect(await runsOf(schedule.id)).toHaveLength(1);
    expect(await firesOf(product, schedule.id)).toMatchObject([
      { fireAt: fireAt.toISOString(), outcome: 'started' },
    ]);
    const open = await product.database.query(
      `select session.id from session join audit_event on session.id = audit_event.session_id
       where audit_event.type = 'session.created' and session.revoked_at is null
         and convert_from(leaf, 'utf8')::jsonb -> 'context' ->> 'requestId' like 'fire-' || $1`,
      [(await firesOf(product, schedule.id))[0].id],
    );
    expect(open).toHaveLength(1);
  });

  it('is carried out after its process died between taking it up and starting the run', async () => {
    const schedule = await makeSchedule(product);
    await makeDue(product, schedule.id);
    const [row] = await product.database.query<{ tenant_id: string }>(
      'select tenant_id from schedule where id = $1',
      [schedule.id],
    );
    await product.app.get(DueFires, { strict: false }).takeUp(row?.tenant_id ?? '', schedule.id);
    expect(await firesOf(product, schedule.id)).toMatchObject([{ outcome: 'pending', runId: null }]);
    await wake({ app: other.app, database: product.database }, schedule.id);
    expect(await firesOf(product, schedule.id)).toMatchObject([{ outcome: 'started' }]);
    expect(await runsOf(schedule.id)).toHaveLength(1);
  });

  it('leaves no run when the word that it was started cannot be written', async () => {
    const schedule = await makeSchedule(product);
    await makeDue(product, schedule.id);
    const runs = await countOf('workflow_run');
    const admission = product.app.get(RunAdmission, { strict: false });
    const start = admission.start.bind(admission);
    vi.spyOn(admission, 'start').mockImplementationOnce((principal, request, requestId, onStarted) =>
      start(principal, request, requestId, async (trx, run) => {
        await onStarted?.(trx, run);
        throw new Error('the connection is gone');
      }),
    );
    await wake(product, schedule.id);
    expect(await countOf('workflow_run')).toBe(runs);
    expect(await firesOf(product, schedule.id)).toMatchObject([{ outcome: 'pending' }]);
    await product.database.force('update schedule_fire set retry_at = null where schedule_id = $1', [
      schedule.id,
    ]);
    await wake(product, schedule.id);
    expect(await firesOf(product, schedule.id)).toMatchObject([{ outcome: 'started' }]);
    expect(await countOf('workflow_run')).toBe((runs ?? 0) + 1);
  });

  it('is given up, and recorded, when it meets faults again and again', async () => {
    const schedule = await makeSchedule(product);
    await product.database.force(`update schedule set input_sealed = '\\x00' where id = $1`, [schedule.id]);
    await makeDue(product, schedule.id);
    for (let attempt = 0; attempt < 12; attempt++) {
      await wake(product, schedule.id);
      await product.database.force('update schedule_fire set retry_at = null where schedule_id = $1', [
        schedule.id,
      ]);
    }
    expect(await firesOf(product, schedule.id)).toMatchObject([{ outcome: 'denied', code: 'INTERNAL' }]);
    expect(await scheduleAudit(product, schedule.id)).toEqual(['schedule.created', 'schedule.denied']);
  });

  it('is missed when the system was down for longer than the window', async () => {
    const schedule = await makeSchedule(product, { cron: '*/10 * * * *', catchUpWindowSeconds: 60 });
    const now = Math.floor(Date.now() / 600_000) * 600_000;
    await product.database.force('update schedule set next_fire_at = $2, wake_at = $2 where id = $1', [
      schedule.id,
      new Date(now - 6 * 600_000),
    ]);
    await wake(product, schedule.id);
    const missed = (await firesOf(product, schedule.id)).find((fire) => fire.outcome === 'missed');
    expect(missed).toMatchObject({
      code: 'MISSED',
      fireAt: new Date(now - 6 * 600_000).toISOString(),
      runId: null,
    });
    const { counts, nextFireAt } = await show(schedule.id);
    expect(missed.count).toBe(counts.missed);
    // The newest is missed as well, unless this very minute is its own.
    expect(counts.missed + counts.started).toBe(7);
    expect(counts.missed).toBeGreaterThanOrEqual(6);
    expect(new Date(nextFireAt).getTime()).toBeGreaterThan(Date.now() - 60_000);
  });

  it('does not come again when clocks go back', async () => {
    const schedule = await makeSchedule(product, { overlap: 'allow' });
    const fireAt = await makeDue(product, schedule.id);
    await wake(product, schedule.id);
    await product.database.force('update schedule set next_fire_at = $2, wake_at = $2 where id = $1', [
      schedule.id,
      fireAt,
    ]);
    await wake(product, schedule.id);
    expect(await runsOf(schedule.id)).toHaveLength(1);
  });

  it('does nothing before its time', async () => {
    const schedule = await makeSchedule(product);
    await wake(product, schedule.id);
    expect(await firesOf(product, schedule.id)).toEqual([]);
  });
});

describe('a schedule that nobody has woken', () => {
  it('is found by the sweep, and so is a fire that waits', async () => {
    const schedule = await makeSchedule(product);
    await product.database.force('delete from pgboss.job');
    await makeDue(product, schedule.id, 20_000);
    await product.app.get(ScheduleSweep, { strict: false }).sweep();
    const jobs = await product.database.query<{ id: string }>(
      `select data ->> 'scheduleId' as id from pgboss.job where name = 'schedule.wake' and state = 'created'`,
    );
    expect(jobs.map((job) => job.id)).toContain(schedule.id);
  });

  it('orders one sweep for each interval, however many processes there are', async () => {
    await product.database.force('delete from pgboss.job');
    const sweeps = [product.app, other.app].map((app) => app.get(ScheduleSweep, { strict: false }));
    await Promise.all([...sweeps, ...sweeps, ...sweeps].map((sweep) => sweep.begin()));
    const [row] = await product.database.query<{ count: number }>(
      `select count(*)::int as count from pgboss.job where name = 'schedule.sweep'`,
    );
    // One for this interval and one for the next; a third when the interval has ended in between.
    expect(row?.count).toBeGreaterThanOrEqual(1);
    expect(row?.count).toBeLessThanOrEqual(3);
  });
});

describe('a fire while the run before it is open', () => {
  const twice = async (overlap: string) => {
    const schedule = await makeSchedule(product, { overlap });
    for (let fire = 0; fire < 2; fire++) {
      expect((await trigger(schedule.id)).status).toBe(202);
      await wake(product, schedule.id);
    }
    const fires = await firesOf(product, schedule.id);
    return { id: schedule.id as string, fires: fires.toReversed() };
  };

  it('is skipped with skip', async () => {
    const { id, fires } = await twice('skip');
    expect(fires).toMatchObject([
      { outcome: 'started' },
      { outcome: 'skipped', code: 'OVERLAP', runId: null },
    ]);
    expect((await show(id)).counts).toEqual({ started: 1, skipped: 1, missed: 0, denied: 0 });
    expect(await scheduleAudit(product, id)).toEqual([
      'schedule.created',
      'schedule.triggered',
      'schedule.fired',
      'schedule.triggered',
      'schedule.skipped',
    ]);
  });

  it('starts again once the run has ended', async () => {
    const { id, fires } = await twice('skip');
    await cancel(fires[0].runId);
    await trigger(id);
    await wake(product, id);
    expect((await firesOf(product, id))[0]).toMatchObject({ outcome: 'started' });
  });

  it('starts all the same with allow', async () => {
    const { fires } = await twice('allow');
    expect(fires).toMatchObject([{ outcome: 'started' }, { outcome: 'started' }]);
  });

  it('cancels the run with cancel_previous, in the name of the owner', async () => {
    const { fires } = await twice('cancel_previous');
    expect(fires).toMatchObject([
      { outcome: 'started', runStatus: 'CANCELLED' },
      { outcome: 'started', runStatus: 'QUEUED' },
    ]);
  });

  it('waits with queue, one at most, and starts when the run has ended', async () => {
    const { id, fires } = await twice('queue');
    expect(fires).toMatchObject([{ outcome: 'started' }, { outcome: 'waiting', settledAt: null }]);
    await trigger(id);
    await wake(product, id);
    expect((await firesOf(product, id))[0]).toMatchObject({ outcome: 'skipped', code: 'OVERLAP' });
    await cancel(fires[0].runId);
    await wake(product, id);
    expect((await firesOf(product, id))[1]).toMatchObject({ id: fires[1].id, outcome: 'started' });
  });

  it('goes by what the request says, before what the schedule says', async () => {
    const schedule = await makeSchedule(product, { overlap: 'skip' });
    for (const overlap of ['skip', 'allow', 'skip']) {
      await trigger(schedule.id, { overlap });
      await wake(product, schedule.id);
    }
    const outcomes = (await firesOf(product, schedule.id)).map((fire) => fire.outcome);
    expect(outcomes).toEqual(['skipped', 'started', 'started']);
  });
});

describe('the owner of a schedule', () => {
  it('whose key was revoked starts nothing: the fire is denied and the schedule pauses itself', async () => {
    const { id: keyId, key } = await product.makeKey('operator');
    const schedule = await makeSchedule(product, {}, key);
    await product.client.request('DELETE', `/v1/api-keys/${keyId}`);
    await makeDue(product, schedule.id);
    await wake(product, schedule.id);
    expect(await runsOf(schedule.id)).toEqual([]);
    expect(await show(schedule.id)).toMatchObject({
      status: 'paused',
      pauseReason: 'OWNER_REVOKED',
      nextFireAt: null,
      nextFireTimes: [],
      lastOutcome: { outcome: 'denied', code: 'OWNER_REVOKED' },
    });
    expect(await scheduleAudit(product, schedule.id)).toEqual([
      'schedule.created',
      'schedule.denied',
      'schedule.paused',
    ]);
  });

  it.each([
    ['has expired', `expires_at = now() - interval '1 second'`, 'OWNER_EXPIRED'],
    ['has lost the right to start runs', `roles = '{reviewer}'`, 'OWNER_FORBIDDEN'],
  ])('whose key %s starts nothing', async (_what, change, code) => {
    const { id: keyId, key } = await product.makeKey('operator');
    const schedule = await makeSchedule(product, {}, key);
    await product.database.force(`update api_key set ${change} where id = $1`, [keyId]);
    await makeDue(product, schedule.id);
    await wake(product, schedule.id);
    expect(await show(schedule.id)).toMatchObject({
      pauseReason: code,
      lastOutcome: { outcome: 'denied', code },
    });
    expect(await runsOf(schedule.id)).toEqual([]);
  });
});

describe('consents', () => {
  const consent = (subject: string, granted: boolean) => ({
    subject,
    purpose: 'email-campaign',
    lawfulBasis: 'consent',
    granted,
  });
  const [person] = recipients(1).map(({ email }) => email);
  const sessionWith = async (...consents: object[]): Promise<string> =>
    (await product.client.post('/v1/sessions', { consents })).body.id;
  const put = (sessionId: string, ...consents: object[]) =>
    product.client.request('PUT', `/v1/sessions/${sessionId}/consents`, { body: { consents } });
  const fire = async (id: string) => {
    await trigger(id);
    await wake(product, id);
    return (await firesOf(product, id))[0];
  };

  it('are carried over into the session of each run, with the time they were given', async () => {
    const sessionId = await sessionWith(consent(person ?? '', true), consent('somebody@example.com', false));
    const schedule = await makeSchedule(product, { sessionId });
    const { runId } = await fire(schedule.id);
    const run = (await product.client.get(`/v1/workflows/${runId}`)).body;
    const [given, carried] = await Promise.all(
      [sessionId, run.sessionId].map(
        async (id) => (await product.client.get(`/v1/sessions/${id}`)).body.consents,
      ),
    );
    expect(carried).toEqual(given);
  });

  it('that do not cover a recipient deny the fire, which is recorded and seen', async () => {
    const schedule = await makeSchedule(product, { sessionId: await sessionWith() });
    const denied = { outcome: 'denied', code: 'TRANSITION_DENIED', rule: expect.any(String), runId: null };
    expect(await fire(schedule.id)).toMatchObject(denied);
    expect(await show(schedule.id)).toMatchObject({
      status: 'active',
      lastOutcome: denied,
      counts: { denied: 1 },
    });
    expect(await scheduleAudit(product, schedule.id)).toContain('schedule.denied');
  });

  it('end with a withdrawal in the session they were given in', async () => {
    const sessionId = await sessionWith(consent('*', true));
    const schedule = await makeSchedule(product, { sessionId, overlap: 'allow' });
    expect(await fire(schedule.id)).toMatchObject({ outcome: 'started' });
    await put(sessionId, consent(person ?? '', false));
    expect(await fire(schedule.id)).toMatchObject({ outcome: 'denied', code: 'TRANSITION_DENIED' });
  });

  it('end with a withdrawal in any other session, whether everybody was granted or the one by name', async () => {
    for (const subject of ['*', person ?? '']) {
      const schedule = await makeSchedule(product, {
        sessionId: await sessionWith(consent(subject, true)),
        overlap: 'allow',
      });
      expect(await fire(schedule.id)).toMatchObject({ outcome: 'started' });
      await sessionWith(consent(person ?? '', false));
      expect(await fire(schedule.id)).toMatchObject({ outcome: 'denied', code: 'TRANSITION_DENIED' });
      // A new word given elsewhere is not for this schedule …
      const renewed = await sessionWith(consent(person ?? '', true));
      expect(await fire(schedule.id)).toMatchObject({ outcome: 'denied' });
      // … unless its owner takes the schedule there.
      expect((await patch(schedule.id, { sessionId: renewed })).status).toBe(200);
      expect(await fire(schedule.id)).toMatchObject({ outcome: 'started' });
    }
  });

  it('are not asked of a session that has ended: schedules outlive it', async () => {
    const sessionId = await sessionWith(consent('*', true));
    const schedule = await makeSchedule(product, { sessionId });
    await product.client.request('DELETE', `/v1/sessions/${sessionId}`);
    expect(await fire(schedule.id)).toMatchObject({ outcome: 'started' });
  });

  it('that cannot be read stop the fire until they can', async () => {
    const schedule = await makeSchedule(product);
    const consents = product.app.get(ConsentService, { strict: false });
    vi.spyOn(consents, 'carryOver').mockRejectedValueOnce(new Error('no answer'));
    expect(await fire(schedule.id)).toMatchObject({ outcome: 'pending' });
    expect(await runsOf(schedule.id)).toEqual([]);
  });
});

describe('a schedule that is paused or deleted', () => {
  it('leaves out what had come already, and starts what is asked for by hand', async () => {
    const schedule = await makeSchedule(product, { overlap: 'allow' });
    await product.database.query(
      `insert into schedule_fire (id, tenant_id, schedule_id, fire_at, trigger, outcome, created_at)
       select gen_random_uuid(), tenant_id, id, now(), 'schedule', 'pending', now() from schedule where id = $1`,
      [schedule.id],
    );
    await patch(schedule.id, { paused: true });
    await trigger(schedule.id);
    await wake(product, schedule.id);
    const fires = await firesOf(product, schedule.id);
    expect(fires.map((fire) => [fire.trigger, fire.outcome, fire.code])).toEqual(
      expect.arrayContaining([
        ['manual', 'started', null],
        ['schedule', 'skipped', 'PAUSED'],
      ]),
    );
    expect(fires).toHaveLength(2);
  });

  it('forgets its input, and its open fires are closed', async () => {
    const schedule = await makeSchedule(product);
    await trigger(schedule.id);
    expect((await product.client.request('DELETE', `/v1/schedules/${schedule.id}`)).status).toBe(204);
    await wake(product, schedule.id);
    const rows = await product.database.query(
      `select input_sealed, outcome, code from schedule join schedule_fire on schedule_id = schedule.id
       where schedule.id = $1`,
      [schedule.id],
    );
    expect(rows).toEqual([{ input_sealed: null, outcome: 'skipped', code: 'DELETED' }]);
    expect(await runsOf(schedule.id)).toEqual([]);
  });
});

describe('a backfill', () => {
  const backfill = (id: string, body: object) => product.client.post(`/v1/schedules/${id}/backfill`, body);

  it('carries out fire times of the past in order, and each once', async () => {
    const schedule = await makeSchedule(product, { cron: '0 0 * * *' });
    const span = { from: '2026-01-01T00:00:00Z', to: '2026-01-05T12:00:00Z' };
    expect(await backfill(schedule.id, span)).toMatchObject({
      status: 202,
      body: { accepted: 5, alreadyFired: 0 },
    });
    await wake(product, schedule.id);
    const fires = await firesOf(product, schedule.id);
    expect(fires.map((fire) => [fire.fireAt.slice(0, 10), fire.trigger, fire.outcome])).toEqual(
      [5, 4, 3, 2, 1].map((day) => [`2026-01-0${day}`, 'backfill', 'started']),
    );
    expect(await backfill(schedule.id, span)).toMatchObject({ body: { accepted: 0, alreadyFired: 5 } });
    expect(await runsOf(schedule.id)).toHaveLength(5);
  });

  it('takes up what was skipped, missed or denied', async () => {
    const schedule = await makeSchedule(product, { cron: '0 0 * * *' });
    const span = { from: '2026-01-01T00:00:00Z', to: '2026-01-03T00:00:00Z' };
    await backfill(schedule.id, { ...span, overlap: 'skip' });
    await wake(product, schedule.id);
    expect((await show(schedule.id)).counts).toMatchObject({ started: 1, skipped: 2 });
    expect(await backfill(schedule.id, span)).toMatchObject({ body: { accepted: 2, alreadyFired: 1 } });
    await wake(product, schedule.id);
    expect(await runsOf(schedule.id)).toHaveLength(3);
  });
});

describe('what a schedule keeps', () => {
  it('is sealed: neither its row nor its jobs nor its records hold the input', async () => {
    const schedule = await makeSchedule(product);
    await trigger(schedule.id);
    await wake(product, schedule.id);
    const dump = JSON.stringify([
      await product.database.query(`select *, encode(input_sealed, 'escape') as text from schedule`),
      await product.database.query('select * from schedule_fire'),
      await product.database.query('select * from pgboss.job'),
      await product.database.query(`select convert_from(leaf, 'utf8') as leaf from audit_event`),
    ]);
    const [{ name, email } = { name: '', email: '' }] = recipients(1);
    for (const secret of [name, email, 'renew their annual plan']) expect(dump).not.toContain(secret);
    expect(JSON.stringify(await show(schedule.id))).not.toContain(email);
  });

  it('cannot be changed without a record, by anybody', async () => {
    const schedule = await makeSchedule(product);
    for (const change of [
      `name = 'x'`,
      'paused = true, next_fire_at = null, wake_at = null',
      `cron = '* * * * *'`,
    ]) {
      await expect(
        product.database.query(`update schedule set ${change} where id = $1`, [schedule.id]),
      ).rejects.toMatchObject({ code: 'CS003' });
    }
    await trigger(schedule.id);
    await expect(
      product.database.query(
        `update schedule_fire set outcome = 'skipped', settled_at = now() where schedule_id = $1`,
        [schedule.id],
      ),
    ).rejects.toMatchObject({ code: 'CS003' });
  });

  it('leaves the audit trail whole', async () => {
    const schedule = await makeSchedule(product);
    await trigger(schedule.id);
    await wake(product, schedule.id);
    expect((await product.client.post('/v1/audit/verify')).body).toMatchObject({ valid: true, faults: [] });
  });
});
