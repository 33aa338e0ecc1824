import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BRIEF, openSession, recipients, SENDER, untilEnded } from '../harness/campaign.js';
import { OTHER_TENANT_ID } from '../harness/database.js';
import type { Method } from '../harness/http-client.js';
import { expectProblem, rowCounts } from '../harness/problem.js';
import { type Product, startProduct } from '../harness/product.js';
import { deliveredMails } from '../harness/run-reader.js';
import { firesOf, makeDue, makeSchedule, scheduleAudit, scheduleBody } from '../harness/schedules.js';

let product: Product;
let operator: string;
let reviewer: string;

beforeAll(async () => {
  product = await startProduct({
    COUNTERSIGN__SCHEDULES__SWEEP_INTERVAL_SECONDS: '1',
    COUNTERSIGN__SCHEDULES__MAX_PER_TENANT: '60',
    COUNTERSIGN__SCHEDULES__MAX_BACKFILL: '10',
  });
  operator = (await product.makeKey('operator')).key;
  reviewer = (await product.makeKey('reviewer')).key;
});
afterAll(() => product.close());

const request = (method: Method, path: string, body?: unknown, key?: string) =>
  product.client.request(method, `/v1/schedules${path}`, { body, key });
const campaignInput = () => ({ brief: BRIEF, sender: SENDER });
const show = async (id: string) => (await request('GET', `/${id}`)).body;
/** The paths of the faults that a body is refused for. */
async function faultsOf(changes: Record<string, unknown>): Promise<string[]> {
  const body = await scheduleBody(product, changes);
  const before = (await rowCounts(product))['schedule'];
  const answer = await request('POST', '', body);
  expectProblem(answer, 400, 'VALIDATION_FAILED');
  expect((await rowCounts(product))['schedule']).toBe(before);
  return answer.body.errors.map((error: { path: string }) => error.path);
}

describe('a schedule', () => {
  it('is fired by a worker when its time has come, and its run is driven', async () => {
    const schedule = await makeSchedule(product);
    await makeDue(product, schedule.id, 60_000);
    await expect
      .poll(async () => (await firesOf(product, schedule.id))[0], { timeout: 30_000 })
      .toMatchObject({ trigger: 'schedule', outcome: 'started', runStatus: 'WAITING_FOR_APPROVAL' });
    expect(await firesOf(product, schedule.id)).toHaveLength(1);
  });

  it('is woken by its job, in the second it was meant for', async () => {
    const schedule = await makeSchedule(product, { cron: '* * * * *', overlap: 'allow' });
    const [job] = await product.database.query<{ start_after: Date }>(
      `select start_after from pgboss.job where name = 'schedule.wake' and data ->> 'scheduleId' = $1`,
      [schedule.id],
    );
    expect(job?.start_after.toISOString()).toBe(schedule.nextFireAt);
    await request('DELETE', `/${schedule.id}`);
  });

  it('delivers nothing to whom has withdrawn since, in whatever session', async () => {
    const schedule = await makeSchedule(product, {
      input: { ...campaignInput(), recipients: recipients(2) },
    });
    await request('POST', `/${schedule.id}/trigger`, {});
    const waiting = async () => (await firesOf(product, schedule.id))[0]?.runStatus;
    await expect.poll(waiting, { timeout: 30_000 }).toBe('WAITING_FOR_APPROVAL');
    const [{ runId }] = await firesOf(product, schedule.id);
    const withdrawal = { purpose: 'email-campaign', lawfulBasis: 'consent', granted: false };
    await product.client.post('/v1/sessions', {
      consents: [{ ...withdrawal, subject: recipients(2)[1]?.email }],
    });
    await product.client.post(`/v1/workflows/${runId}/approvals`, { decision: 'approve' });
    const run = await untilEnded(product.client, runId);
    expect(run.status).toBe('COMPLETED');
    const { body } = await product.client.get(`/v1/workflows/${runId}/deliveries`);
    expect(body.items).toMatchObject([{ status: 'sent' }, { status: 'failed' }]);
    expect(await deliveredMails(product, runId as string)).toHaveLength(1);
  });

  it('can be fired by hand, and starts when a queued fire may', async () => {
    const schedule = await makeSchedule(product, { overlap: 'queue' });
    const first = await request('POST', `/${schedule.id}/trigger`, {});
    expect(first).toMatchObject({
      status: 202,
      body: { trigger: 'manual', outcome: 'pending', runId: null },
    });
    // Without a body as well.
    expect((await request('POST', `/${schedule.id}/trigger`)).status).toBe(202);
    const outcomes = async () => (await firesOf(product, schedule.id)).map((fire) => fire.outcome);
    await expect.poll(outcomes, { timeout: 30_000 }).toEqual(['waiting', 'started']);
    const [, started] = await firesOf(product, schedule.id);
    expect(started.id).toBe(first.body.id);
    await product.client.post(`/v1/workflows/${started.runId}/cancel`);
    await expect.poll(outcomes, { timeout: 30_000 }).toEqual(['started', 'started']);
  });

  it('shows what it does and what comes next, and never its input', async () => {
    const answer = await request('POST', '', {
      ...(await scheduleBody(product, { name: 'every working day' })),
      cron: '30 8 * * MON-FRI',
      timeZone: 'Europe/Berlin',
      attributes: { team: 'renewals' },
    });
    expect(answer).toMatchObject({
      status: 201,
      body: {
        name: 'every working day',
        status: 'active',
        paused: false,
        pauseReason: null,
        definition: 'email-campaign',
        version: null,
        attributes: { team: 'renewals' },
        cron: '30 8 * * MON-FRI',
        timeZone: 'Europe/Berlin',
        overlap: 'skip',
        catchUpWindowSeconds: 60,
        jitterSeconds: 0,
        startAt: null,
        endAt: null,
        counts: { started: 0, skipped: 0, missed: 0, denied: 0 },
        lastOutcome: null,
        lastFires: [],
        links: { self: `/v1/schedules/${answer.body.id}` },
      },
    });
    const { nextFireTimes, nextFireAt } = answer.body;
    expect(nextFireTimes).toHaveLength(5);
    expect(nextFireTimes[0]).toBe(nextFireAt);
    expect(nextFireTimes.toSorted()).toEqual(nextFireTimes);
    expect(await show(answer.body.id)).toEqual(answer.body);
    expect(answer.text).not.toContain(recipients(1)[0]?.email);
    expect(answer.body).not.toHaveProperty('input');
  });

  it('is listed, page by page, newest first', async () => {
    const made = [await makeSchedule(product), await makeSchedule(product), await makeSchedule(product)];
    const first = (await request('GET', '?limit=2')).body;
    const second = (await request('GET', `?limit=1&cursor=${first.nextCursor}`)).body;
    const ids = [...first.items, ...second.items].map((item: { id: string }) => item.id);
    expect(ids).toEqual(made.map(({ id }) => id).toReversed());
    const fires = await request('GET', `/${made[0]?.id}/fires?limit=1`);
    expect(fires.body).toEqual({ items: [], nextCursor: null });
  });

  it('is paused and resumed, and makes up for nothing', async () => {
    const schedule = await makeSchedule(product, { cron: '0 0 1 * *' });
    expect(await request('PATCH', `/${schedule.id}`, { paused: true })).toMatchObject({
      status: 200,
      body: { status: 'paused', pauseReason: 'REQUESTED', nextFireAt: null, nextFireTimes: [] },
    });
    expect(await request('PATCH', `/${schedule.id}`, { paused: true })).toMatchObject({ status: 200 });
    expect(await request('PATCH', `/${schedule.id}`, { paused: false })).toMatchObject({
      status: 200,
      body: { status: 'active', pauseReason: null, nextFireAt: schedule.nextFireAt },
    });
    expect(await scheduleAudit(product, schedule.id)).toEqual([
      'schedule.created',
      'schedule.paused',
      'schedule.updated',
    ]);
  });

  it('takes a change of what is named, and keeps the rest', async () => {
    const schedule = await makeSchedule(product, { endAt: '2099-01-01T00:00:00Z', version: 1 });
    const changed = await request('PATCH', `/${schedule.id}`, {
      cron: '15 6 * * *',
      timeZone: 'America/New_York',
      overlap: 'queue',
      endAt: null,
      version: null,
      attributes: { team: 'growth' },
    });
    expect(changed.status, changed.text).toBe(200);
    const { nextFireAt, nextFireTimes, updatedAt, ...rest } = changed.body;
    const { nextFireAt: _at, nextFireTimes: _times, updatedAt: _updated, ...before } = schedule;
    expect(rest).toEqual({
      ...before,
      cron: '15 6 * * *',
      timeZone: 'America/New_York',
      overlap: 'queue',
      endAt: null,
      version: null,
      attributes: { team: 'growth' },
    });
    expect(nextFireTimes[0]).toBe(nextFireAt);
    expect(nextFireAt).toMatch(/T1[01]:15:00\.000Z$/);
    expect(Date.parse(updatedAt)).toBeGreaterThan(Date.parse(schedule.updatedAt));
  });

  it('is gone once deleted, and its name is free', async () => {
    const schedule = await makeSchedule(product, { name: 'short-lived' });
    expect((await request('DELETE', `/${schedule.id}`)).status).toBe(204);
    expectProblem(await request('DELETE', `/${schedule.id}`), 404, 'SCHEDULE_NOT_FOUND');
    expectProblem(await request('GET', `/${schedule.id}`), 404, 'SCHEDULE_NOT_FOUND');
    await makeSchedule(product, { name: 'short-lived' });
    expect(await scheduleAudit(product, schedule.id)).toEqual(['schedule.created', 'schedule.deleted']);
  });

  it('is made once for one idempotency key, and fired once', async () => {
    const body = await scheduleBody(product);
    const headers = { 'idempotency-key': 'schedule-once' };
    const [first, second] = [
      await product.client.post('/v1/schedules', body, { headers }),
      await product.client.post('/v1/schedules', body, { headers }),
    ];
    expect(second.body).toEqual(first.body);
    expect(second.headers.get('idempotent-replay')).toBe('true');
    const trigger = () =>
      product.client.post(
        `/v1/schedules/${first.body.id}/trigger`,
        {},
        { headers: { 'idempotency-key': 'fire-once' } },
      );
    expect((await trigger()).body).toEqual((await trigger()).body);
    expect(await firesOf(product, first.body.id)).toHaveLength(1);
  });
});

describe('a schedule that cannot be', () => {
  it.each<[string, Record<string, unknown>, string]>([
    ['a cron expression of six fields', { cron: '0 * * * * *' }, 'cron'],
    ['an hour that there is not', { cron: '0 24 * * *' }, 'cron'],
    ['a day that there is not', { cron: '0 0 31 2 *' }, 'cron'],
    ['no cron expression', { cron: null }, 'cron'],
    ['a time zone that there is not', { timeZone: 'Mars/Olympus' }, 'timeZone'],
    ['no time zone', { timeZone: null }, 'timeZone'],
    ['an unknown overlap', { overlap: 'buffer' }, 'overlap'],
    ['a window of more than a week', { catchUpWindowSeconds: 604_801 }, 'catchUpWindowSeconds'],
    ['a jitter as long as the interval', { cron: '* * * * *', jitterSeconds: 60 }, 'jitterSeconds'],
    ['an end before its start', { startAt: '2099-01-02T00:00:00Z', endAt: '2099-01-01T00:00:00Z' }, 'endAt'],
    ['an end in the past', { endAt: '2020-01-01T00:00:00Z' }, 'endAt'],
    ['an end before the first fire', { cron: '0 0 29 2 *', endAt: '2027-01-01T00:00:00Z' }, 'endAt'],
    ['a start that is no time', { startAt: 'tomorrow' }, 'startAt'],
    ['a person in its name', { name: 'mails to ada.lovelace@example.com' }, 'name'],
    ['an empty name', { name: ' ' }, 'name'],
    ['an unknown field', { every: '1h' }, 'every'],
    ['an input that the definition does not take', { input: { brief: {} } }, 'input.brief.goal'],
    ['a person in its attributes', { attributes: { about: recipients(1)[0]?.name } }, 'attributes.about'],
  ])('is refused for %s, and the field is named', async (_what, changes, path) => {
    expect(await faultsOf(changes)).toContain(path);
  });

  it('is refused for a definition or session that there is not, and for a taken name', async () => {
    const post = async (changes: Record<string, unknown>) =>
      request('POST', '', await scheduleBody(product, changes));
    expectProblem(await post({ definition: 'nothing' }), 404, 'DEFINITION_NOT_FOUND');
    expectProblem(await post({ version: 99 }), 404, 'DEFINITION_NOT_FOUND');
    expectProblem(
      await post({ sessionId: '01a1fc06-1808-77d4-b36c-c83158f06c55' }),
      404,
      'SESSION_NOT_FOUND',
    );
    const foreign = await openSession(product.client, operator);
    expectProblem(await post({ sessionId: foreign }), 404, 'SESSION_NOT_FOUND');
    const ended = await openSession(product.client);
    await product.client.request('DELETE', `/v1/sessions/${ended}`);
    expectProblem(await post({ sessionId: ended }), 403, 'SESSION_EXPIRED');
    await makeSchedule(product, { name: 'taken' });
    expectProblem(await post({ name: 'taken' }), 409, 'SCHEDULE_NAME_TAKEN');
    const free = await makeSchedule(product, { name: 'free' });
    expectProblem(await request('PATCH', `/${free.id}`, { name: 'taken' }), 409, 'SCHEDULE_NAME_TAKEN');
  });

  it('lets one of several of the same name through', async () => {
    const body = await scheduleBody(product, { name: 'wanted by many' });
    const answers = await Promise.all([1, 2, 3, 4].map(() => request('POST', '', body)));
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 409)).toHaveLength(3);
  });
});

describe('a change', () => {
  it.each<[Record<string, unknown>, string]>([
    [{}, ''],
    [{ cron: 'never' }, 'cron'],
    [{ cron: null }, 'cron'],
    [{ name: null }, 'name'],
    [{ paused: null }, 'paused'],
    [{ paused: 'yes' }, 'paused'],
    [{ definition: 'other' }, 'definition'],
    [{ jitterSeconds: 3_601 }, 'jitterSeconds'],
    [{ endAt: '2020-01-01T00:00:00Z' }, 'endAt'],
    [{ input: { brief: {} } }, 'input.brief.goal'],
    [{ attributes: { about: 'ada.lovelace@example.com' } }, 'attributes.about'],
  ])('to %j is refused, and the field is named', async (change, path) => {
    const schedule = await makeSchedule(product);
    const answer = await request('PATCH', `/${schedule.id}`, change);
    expectProblem(answer, 400, 'VALIDATION_FAILED');
    expect(answer.body.errors.map((error: { path: string }) => error.path)).toContain(path);
    expect(await show(schedule.id)).toEqual(schedule);
    await request('DELETE', `/${schedule.id}`);
  });
});

describe('the preview', () => {
  it('shows when clocks are moved', async () => {
    const answer = await request('POST', '/preview', {
      cron: '30 2 * * *',
      timeZone: 'Europe/Berlin',
      count: 2,
      after: '2026-03-28T12:00:00Z',
    });
    expect(answer).toMatchObject({
      status: 200,
      body: {
        cron: '30 2 * * *',
        timeZone: 'Europe/Berlin',
        nextFireTimes: ['2026-03-29T01:30:00.000Z', '2026-03-30T00:30:00.000Z'],
      },
    });
  });

  it('shows five times from now on unless told otherwise, and stores nothing', async () => {
    const before = await rowCounts(product);
    const { body } = await request('POST', '/preview', { cron: '@hourly' });
    expect(body.timeZone).toBe('UTC');
    expect(body.nextFireTimes).toHaveLength(5);
    expect(Date.parse(body.nextFireTimes[0])).toBeGreaterThan(Date.now());
    expect((await rowCounts(product))['schedule']).toBe(before['schedule']);
  });

  it.each([
    [{ cron: '0 0 * * MOON' }, 'cron'],
    [{ cron: '@daily', timeZone: '+01:00' }, 'timeZone'],
    [{ cron: '@daily', count: 101 }, 'count'],
  ])('of %j is refused, and the field is named', async (body, path) => {
    const answer = await request('POST', '/preview', body);
    expectProblem(answer, 400, 'VALIDATION_FAILED');
    expect(answer.body.errors[0].path).toBe(path);
  });
});

describe('a backfill', () => {
  it.each([
    [{ from: '2026-01-02T00:00:00Z', to: '2026-01-01T00:00:00Z' }, 'from'],
    [{ from: '2026-01-02T00:00:00Z', to: '2099-01-01T00:00:00Z' }, 'to'],
    [{ from: '2026-01-01T00:00:00Z', to: '2026-02-01T00:00:00Z' }, 'to'],
    [{ from: '2026-01-01T00:00:00Z' }, 'to'],
    [{ from: '2026-01-01T00:00:00Z', to: '2026-01-01T00:00:00Z', overlap: 'no' }, 'overlap'],
  ])('of %j is refused, and the field is named', async (body, path) => {
    const schedule = await makeSchedule(product, { cron: '0 0 * * *' });
    const answer = await request('POST', `/${schedule.id}/backfill`, body);
    expectProblem(answer, 400, 'VALIDATION_FAILED');
    expect(answer.body.errors[0].path).toBe(path);
    expect(await firesOf(product, schedule.id)).toEqual([]);
    await request('DELETE', `/${schedule.id}`);
  });
});

describe('who may do what with schedules', () => {
  const routes = (id: string): [Method, string, unknown?][] => [
    ['GET', `/${id}`],
    ['GET', `/${id}/fires`],
    ['PATCH', `/${id}`, { paused: true }],
    ['PATCH', `/${id}`, { paused: false }],
    ['POST', `/${id}/trigger`, {}],
    ['POST', `/${id}/backfill`, { from: '2026-01-01T00:00:00Z', to: '2026-01-01T00:00:00Z' }],
    ['DELETE', `/${id}`],
  ];

  it('nobody without a key', async () => {
    const all: [Method, string, unknown?][] = [
      ['GET', ''],
      ['POST', '', {}],
      ['POST', '/preview', {}],
      ...routes('x'),
    ];
    for (const [method, path, body] of all) {
      expectProblem(await request(method, path, body, ''), 401, 'UNAUTHENTICATED');
    }
  });

  it('a reviewer reads and changes nothing', async () => {
    const { id } = await makeSchedule(product);
    expect((await request('GET', '', undefined, reviewer)).status).toBe(200);
    for (const [method, path, body] of routes(id)) {
      const answer = await request(method, path, body, reviewer);
      expect([method, path, answer.status]).toEqual([method, path, method === 'GET' ? 200 : 403]);
    }
    expectProblem(await request('POST', '', await scheduleBody(product), reviewer), 403, 'FORBIDDEN');
  });

  it('somebody else may stop a schedule and nothing more: its runs would pass for the owner’s', async () => {
    const { id } = await makeSchedule(product, {}, operator);
    for (const [method, path, body] of routes(id)) {
      const answer = await request(method, path, body);
      const isSafe = method === 'GET' || (body as { paused?: boolean })?.paused === true;
      const wanted = method === 'DELETE' ? 204 : isSafe ? 200 : 403;
      expect([method, path, answer.status]).toEqual([method, path, wanted]);
    }
    const audit = await scheduleAudit(product, id);
    expect(audit.filter((type) => type === 'schedule.denied')).toHaveLength(3);
    expect(await product.database.query('select 1 from schedule_fire where schedule_id = $1', [id])).toEqual(
      [],
    );
  });

  it('whoever is of another tenant finds nothing there, as nobody finds what does not exist', async () => {
    const { id } = await makeSchedule(product);
    const { id: keyId, key } = await product.makeKey('admin');
    await product.database.force('update api_key set tenant_id = $2 where id = $1', [keyId, OTHER_TENANT_ID]);
    expect((await request('GET', '', undefined, key)).body.items).toEqual([]);
    for (const [method, path, body] of routes(id)) {
      expectProblem(await request(method, path, body, key), 404, 'SCHEDULE_NOT_FOUND');
    }
    for (const unknown of ['x', '01a1fc06-1808-77d4-b36c-c83158f06c55']) {
      for (const [method, path, body] of routes(unknown)) {
        expectProblem(await request(method, path, body), 404, 'SCHEDULE_NOT_FOUND');
      }
    }
    expect(await show(id)).toMatchObject({ id, status: 'active' });
  });
});

describe('the limits of a tenant', () => {
  it('are kept however many ask at once', async () => {
    const body = await scheduleBody(product);
    const [row] = await product.database.query<{ count: number }>(
      'select count(*)::int as count from schedule where deleted_at is null',
    );
    const room = 60 - (row?.count ?? 0);
    expect(room).toBeGreaterThan(0);
    const answers = await Promise.all(
      Array.from({ length: room + 3 }, (_, index) => request('POST', '', { ...body, name: `many ${index}` })),
    );
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(room);
    const refused = answers.filter(({ status }) => status !== 201);
    for (const answer of refused) expectProblem(answer, 409, 'SCHEDULE_QUOTA_EXCEEDED');
    expect(refused).toHaveLength(3);
  });

  it('hold the shortest interval that is configured', async () => {
    const slow = await startProduct({
      COUNTERSIGN_ROLE: 'api',
      COUNTERSIGN__SCHEDULES__MIN_INTERVAL_SECONDS: '3600',
    });
    try {
      const body = await scheduleBody(slow, { cron: '0,30 * * * *' });
      const answer = await slow.client.post('/v1/schedules', body);
      expectProblem(answer, 400, 'VALIDATION_FAILED');
      expect(answer.body.errors).toMatchObject([
        { path: 'cron', message: expect.stringContaining('1800 seconds') },
      ]);
      await makeSchedule(slow, { cron: '0 * * * *' });
    } finally {
      await slow.close();
    }
  });
});
