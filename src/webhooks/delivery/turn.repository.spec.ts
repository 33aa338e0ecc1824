import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createTestDatabase, TEST_TENANT_ID, type TestDatabase } from '../../../test/harness/database.js';
import type { Trx } from '../../database/trx.js';
import { newId } from '../../kernel/ids.js';
import { type Turn, TurnRepository } from './turn.repository.js';
import { WebhookDeliveryRepository } from './webhook-delivery.repository.js';

describe('the turns of endpoints', () => {
  const turns = new TurnRepository();
  const deliveries = new WebhookDeliveryRepository();
  let database: TestDatabase;

  beforeEach(async () => {
    database = await createTestDatabase();
  });
  afterEach(() => database.close());

  const inTenant = <T>(work: (trx: Trx) => Promise<T>) => database.database.withTenant(TEST_TENANT_ID, work);
  const giveOut = (leaseSeconds = 60) =>
    database.database.withSystem((trx) => turns.giveOut(trx, leaseSeconds, 10));
  const hold = (turn: Turn) => inTenant((trx) => turns.hold(trx, turn, 60));
  const release = (turn: Turn, restSeconds = 0) => inTenant((trx) => turns.release(trx, turn, restSeconds));

  async function makeEndpoint(): Promise<string> {
    const id = newId();
    await database.force(
      `insert into webhook_endpoint (id, tenant_id, url_sealed, event_types, created_by, created_at, updated_at)
       values ($1, $2, '\\x00', '{*}', 'somebody', now(), now())`,
      [id, TEST_TENANT_ID],
    );
    return id;
  }

  /** Hands a message out, as `FanOut` does. */
  async function handOut(trx: Trx, endpointId: string): Promise<void> {
    const message = { id: `msg_${newId()}`, type: 'webhook.test', runId: null, sequence: null, body: '{}' };
    await deliveries.insertMessages(trx, TEST_TENANT_ID, [message], new Date());
    await deliveries.insert(trx, TEST_TENANT_ID, [{ endpointId, messageId: message.id }], new Date());
    await turns.wake(trx, [endpointId]);
  }

  async function turnOf(endpointId: string, leaseSeconds?: number): Promise<Turn> {
    const [turn] = await giveOut(leaseSeconds);
    if (turn?.endpointId !== endpointId) throw new Error(`no turn for ${endpointId}`);
    return turn;
  }

  it('are given out for what is due, to one at a time', async () => {
    const id = await makeEndpoint();
    expect(await giveOut()).toEqual([]);
    await inTenant((trx) => handOut(trx, id));
    const given = (await Promise.all([giveOut(), giveOut(), giveOut()])).flat();
    expect(given).toHaveLength(1);
    expect(await giveOut()).toEqual([]);
  });

  it('miss nothing that is handed out while one ends', async () => {
    const id = await makeEndpoint();
    await inTenant((trx) => turns.wake(trx, [id]));
    const turn = await turnOf(id);
    const handedOut = Promise.withResolvers<void>();
    const proceed = Promise.withResolvers<void>();
    const handing = inTenant(async (trx) => {
      await handOut(trx, id);
      handedOut.resolve();
      await proceed.promise;
    });
    await handedOut.promise;
    const releasing = release(turn);
    // The end of the turn waits for what is being handed out.
    await expect
      .poll(() =>
        database.query(
          `select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
        ),
      )
      .toHaveLength(1);
    proceed.resolve();
    await Promise.all([handing, releasing]);
    expect(await giveOut()).toMatchObject([{ endpointId: id }]);
  });

  it('come back when nobody has taken one up, and the first one is void then', async () => {
    const id = await makeEndpoint();
    await inTenant((trx) => handOut(trx, id));
    const lost = await turnOf(id, 0);
    const next = await turnOf(id);
    expect(await hold(lost)).toBe(false);
    expect(await hold(next)).toBe(true);
    await release(lost);
    expect(await hold(next)).toBe(true);
  });

  it('are not given out for an endpoint that rests, is disabled or deleted', async () => {
    const [resting, disabled, deleted] = [await makeEndpoint(), await makeEndpoint(), await makeEndpoint()];
    await inTenant((trx) => handOut(trx, resting));
    const turn = await turnOf(resting);
    await release(turn, 60);
    for (const id of [disabled, deleted]) await inTenant((trx) => handOut(trx, id));
    await database.force(
      `update webhook_endpoint set enabled = false, disabled_reason = 'gone' where id = $1`,
      [disabled],
    );
    await database.force('update webhook_endpoint set deleted_at = now() where id = $1', [deleted]);
    expect(await giveOut()).toEqual([]);
  });

  it('follow the earliest of the deliveries that wait', async () => {
    const id = await makeEndpoint();
    await inTenant((trx) => handOut(trx, id));
    const turn = await turnOf(id);
    await database.force(`update webhook_delivery set next_attempt_at = now() + interval '5 minutes'`);
    await release(turn);
    expect(await giveOut()).toEqual([]);
    const [row] = await database.query<{ seconds: number }>(
      `select extract(epoch from due_at - now())::float as seconds from webhook_endpoint`,
    );
    expect(row?.seconds).toBeGreaterThan(200);
  });
});
