import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sql } from 'kysely';
import {
  createTestDatabase,
  OTHER_TENANT_ID,
  TEST_TENANT_ID,
  type TestDatabase,
} from '../../../test/harness/database.js';
import type { Trx } from '../../database/trx.js';
import { newId } from '../../kernel/ids.js';
import { CommittedEventsRepository, type EventPosition } from './committed-events.repository.js';
import { CommittedEvents, type EventStretch } from './committed-events.service.js';

const events = new CommittedEvents(new CommittedEventsRepository());

describe('the committed events of a tenant', () => {
  let database: TestDatabase;

  beforeEach(async () => {
    database = await createTestDatabase();
  });
  afterEach(() => database.close());

  async function makeRun(tenantId = TEST_TENANT_ID): Promise<string> {
    const id = newId();
    await database.force(
      `insert into workflow_run (id, tenant_id, definition, definition_version, session_id, owner_id, status, phase,
                                 input_hash, created_at, updated_at)
       values ($1, $2, 'email-campaign', 1, $3, 'somebody', 'RUNNING', 'GENERATION', '\\x00', now(), now())`,
      [id, tenantId, newId()],
    );
    return id;
  }

  const write = (trx: Trx, runId: string, seq: number, tenantId = TEST_TENANT_ID) =>
    trx
      .insertInto('workflow_event')
      .values({
        tenant_id: tenantId,
        run_id: runId,
        seq,
        type: 'agent.progress',
        data: JSON.stringify({ seq }),
        created_at: new Date(),
      })
      .execute();

  const commit = (runId: string, ...seqs: number[]) =>
    database.database.withTenant(TEST_TENANT_ID, async (trx) => {
      for (const seq of seqs) await write(trx, runId, seq);
    });

  /** A transaction that stays open until it is told. */
  async function openTransaction(work: (trx: Trx) => Promise<unknown>): Promise<() => Promise<void>> {
    const worked = Promise.withResolvers<void>();
    const end = Promise.withResolvers<void>();
    const committed = database.database.withTenant(TEST_TENANT_ID, async (trx) => {
      await work(trx);
      worked.resolve();
      await end.promise;
    });
    await worked.promise;
    return async () => {
      end.resolve();
      await committed;
    };
  }

  const now = () =>
    database.database.withTenant(TEST_TENANT_ID, async (trx) => events.startingAt(await events.horizon(trx)));
  const read = (after: EventPosition, limit = 100, reachedAt = new Date()): Promise<EventStretch> =>
    database.database.withTenant(TEST_TENANT_ID, async (trx) =>
      events.read(trx, TEST_TENANT_ID, after, reachedAt, await events.horizon(trx), limit),
    );
  const told = ({ events: list }: EventStretch) => list.map(({ runId, seq }) => [runId, seq]);

  /** Reads to the end; the test cluster serves others too, whose transactions hold readers up for a moment. */
  async function readUntil(
    after: EventPosition,
    count: number,
  ): Promise<{ told: unknown[]; next: EventPosition }> {
    const all: unknown[] = [];
    let next = after;
    await expect
      .poll(
        async () => {
          const stretch = await read(next);
          all.push(...told(stretch));
          next = stretch.next;
          return all.length;
        },
        { timeout: 30_000 },
      )
      .toBeGreaterThanOrEqual(count);
    return { told: all, next };
  }

  it('hold what commits late, and everything behind it until then', async () => {
    const [late, early] = [await makeRun(), await makeRun()];
    const start = await now();
    const end = await openTransaction((trx) => write(trx, late, 1));
    await commit(early, 1);
    const before = await read(start);
    expect(told(before)).toEqual([]);
    await end();
    const after = await readUntil(before.next, 2);
    expect(after.told).toEqual([
      [late, 1],
      [early, 1],
    ]);
    expect(told(await read(after.next))).toEqual([]);
  });

  it('are not held up by somebody who only reads', async () => {
    const run = await makeRun();
    const start = await now();
    const end = await openTransaction((trx) => sql`select count(*) from workflow_event`.execute(trx));
    await commit(run, 1, 2);
    expect((await readUntil(start, 2)).told).toHaveLength(2);
    await end();
  });

  it('leave out what was rolled back', async () => {
    const run = await makeRun();
    const start = await now();
    await expect(
      database.database.withTenant(TEST_TENANT_ID, async (trx) => {
        await write(trx, run, 1);
        throw new Error('no');
      }),
    ).rejects.toThrow('no');
    await commit(run, 1);
    expect((await readUntil(start, 1)).told).toEqual([[run, 1]]);
  });

  it('beyond a horizon are left for the next reading', async () => {
    const run = await makeRun();
    const start = await now();
    const horizon = await database.database.withTenant(TEST_TENANT_ID, (trx) => events.horizon(trx));
    await commit(run, 1);
    const stretch = await database.database.withTenant(TEST_TENANT_ID, (trx) =>
      events.read(trx, TEST_TENANT_ID, start, new Date(), horizon, 100),
    );
    expect(told(stretch)).toEqual([]);
    expect((await readUntil(stretch.next, 1)).told).toEqual([[run, 1]]);
  });

  it('come in pieces without a gap and without a duplicate, within a transaction too', async () => {
    const run = await makeRun();
    const start = await now();
    await commit(run, 1, 2, 3, 4, 5);
    await commit(run, 6, 7);
    const seen: unknown[] = [];
    let next = start;
    for (let stretch: EventStretch | undefined; seen.length < 7; next = stretch.next) {
      stretch = await read(next, 2);
      expect(stretch.events.length).toBeLessThanOrEqual(2);
      seen.push(...stretch.events.map(({ seq }) => seq));
    }
    expect(seen).toEqual([1, 2, 3, 4, 5, 6, 7]);
  });

  it('stand in the order of their run, even when its transactions have numbers in another order', async () => {
    const run = await makeRun();
    const start = await now();
    const proceed = Promise.withResolvers<void>();
    const numbered = Promise.withResolvers<void>();
    const second = database.database.withTenant(TEST_TENANT_ID, async (trx) => {
      await sql`select pg_current_xact_id()`.execute(trx);
      numbered.resolve();
      await proceed.promise;
      await write(trx, run, 2);
    });
    await numbered.promise;
    await commit(run, 1);
    proceed.resolve();
    await second;
    expect((await readUntil(start, 2)).told).toEqual([
      [run, 1],
      [run, 2],
    ]);
  });

  it('are of this tenant only, and tell which tenants have some', async () => {
    const [own, foreign] = [await makeRun(), await makeRun(OTHER_TENANT_ID)];
    const start = await now();
    const news = () =>
      database.database.withSystem((trx) =>
        events.tenantsWithNews(trx, [
          { tenantId: TEST_TENANT_ID, ...start },
          { tenantId: OTHER_TENANT_ID, ...start },
        ]),
      );
    expect(await news()).toEqual([]);
    await database.database.withTenant(OTHER_TENANT_ID, (trx) => write(trx, foreign, 1, OTHER_TENANT_ID));
    await expect.poll(news, { timeout: 30_000 }).toEqual([OTHER_TENANT_ID]);
    await commit(own, 1);
    expect((await readUntil(start, 1)).told).toEqual([[own, 1]]);
  });

  it('are found again by their time after a restore into a cluster that counts anew', async () => {
    const run = await makeRun();
    await commit(run, 1);
    const ahead = { transactionId: '900000000000', runId: run, seq: 1 };
    const news = await database.database.withSystem((trx) =>
      events.tenantsWithNews(trx, [{ tenantId: TEST_TENANT_ID, ...ahead }]),
    );
    expect(news).toEqual([TEST_TENANT_ID]);
    const rebased = await read(ahead);
    expect(told(rebased)).toEqual([[run, 1]]);
    expect(BigInt(rebased.next.transactionId)).toBeLessThan(BigInt(ahead.transactionId));
    const later = await read(ahead, 100, new Date(Date.now() + 7_200_000));
    expect(told(later)).toEqual([]);
  });
});
