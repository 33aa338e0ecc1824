import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AuditLog } from '../../src/compliance/audit/log/audit-log.service.js';
import { SelfCheckSchedule } from '../../src/compliance/audit/log/self-check-schedule.service.js';
import { SelfChecks } from '../../src/compliance/audit/log/self-checks.service.js';
import { TEST_TENANT_ID } from '../harness/database.js';
import { type Product, startProduct } from '../harness/product.js';

let product: Product;

beforeAll(async () => {
  // Seals and checks nothing by itself: the test says when.
  product = await startProduct({ COUNTERSIGN_ROLE: 'api' });
  await product.makeKey('operator');
  await seal();
});
afterAll(() => product?.close());

const seal = () => product.app.get(AuditLog).seal(TEST_TENANT_ID);
const info = async () => (await product.client.get('/v1/audit/log')).body;
const run = () => product.app.get(SelfChecks).run(new AbortController().signal);
/** As if the last check had been a day ago, and the last whole one so many days. */
const makeDue = (wholeDays: number) =>
  product.database.query(
    `update audit_self_check set checked_at = checked_at - interval '1 day', started_at = null,
       whole_at = now() - $1::int * interval '1 day'`,
    [wholeDays],
  );
const unguarded = (statements: string) =>
  product.database.query(`begin; set local session_replication_role = replica; ${statements}; commit`);
const lastRecord = async () =>
  (await product.client.get('/v1/audit/events?type=log.self_checked&limit=1')).body.items[0];

describe('the daily check of the trail by itself', () => {
  it('has not taken place in a new log, which says so', async () => {
    expect((await info()).selfCheck).toBeNull();
  });

  it('reads every event the first time, and is recorded in the log that it was about', async () => {
    const { size } = await info();
    expect(await run()).toBe(1);
    expect((await info()).selfCheck).toEqual({
      checkedAt: expect.any(String),
      wholeAt: expect.any(String),
      size,
      events: size,
      faults: [],
    });
    expect(await lastRecord()).toMatchObject({
      outcome: 'success',
      actor: { type: 'system', ref: 'self-check' },
      detail: { from: 0, size, events: size, faults: 0 },
    });
  });

  it('takes place once a day, whoever asks', async () => {
    expect(await run()).toBe(0);
    await makeDue(1);
    const both = await Promise.all([run(), run()]);
    expect(both.toSorted()).toEqual([0, 1]);
  });

  it('reads only what came since, until a week is over', async () => {
    const before = (await info()).selfCheck.size;
    await product.makeKey('operator');
    await seal();
    await makeDue(1);
    await run();
    const { size } = await info();
    expect(await lastRecord()).toMatchObject({ detail: { from: before, size, events: size - before } });
    await makeDue(8);
    await run();
    expect(await lastRecord()).toMatchObject({ detail: { from: 0, size } });
  });

  it('takes a log over from a process that has died at it', async () => {
    await makeDue(1);
    await product.database.query(`update audit_self_check set started_at = now() - interval '5 hours'`);
    expect(await run()).toBe(0);
    await product.database.query(`update audit_self_check set started_at = now() - interval '7 hours'`);
    expect(await run()).toBe(1);
  });

  it('says what it has found, in the log, in health and in metrics, until it is not so any more', async () => {
    await seal();
    const trusted = (await info()).selfCheck.size;
    const [victim] = await product.database.query<{ event_id: string }>(
      'select event_id from audit_index where tenant_id = $1 and index >= $2 order by index limit 1',
      [TEST_TENANT_ID, trusted],
    );
    const turned = `update audit_event set outcome = case outcome when 'success' then 'failure' else 'success' end
      where id = '${victim?.event_id}'`;
    await unguarded(turned);
    await makeDue(1);
    await product.app.get(SelfChecks).run(new AbortController().signal);
    await product.app.get(SelfCheckSchedule).look();
    const { selfCheck } = await info();
    expect(selfCheck.faults).toEqual([
      expect.objectContaining({ eventId: victim?.event_id, reason: 'projection_differs' }),
    ]);
    // What is not in order is read again the next time.
    expect(selfCheck.size).toBe(trusted);
    expect(await lastRecord()).toMatchObject({
      outcome: 'failure',
      detail: { faults: 1, first: 'projection_differs' },
    });
    await expectStanding('degraded', 1);

    await unguarded(turned);
    await makeDue(1);
    await run();
    await product.app.get(SelfCheckSchedule).look();
    expect((await info()).selfCheck.faults).toEqual([]);
    await expectStanding('healthy', 0);
  });
});

/** Once health is what it is waited for: it is looked at every two seconds only. */
async function expectStanding(health: string, failing: number): Promise<void> {
  await product.client.until(
    '/health/detailed',
    ({ body }) => body.components['audit-log'].status === health,
  );
  const { text } = await product.client.get('/metrics');
  expect(text).toMatch(new RegExp(`^audit_self_check_failing_logs ${failing}$`, 'm'));
}
