import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AuditTrail } from '../../src/compliance/audit/audit-trail.service.js';
import { AuditLog } from '../../src/compliance/audit/log/audit-log.service.js';
import { DatabaseService } from '../../src/database/database.service.js';
import { newId } from '../../src/kernel/ids.js';
import { EventStream, type StreamedEvent } from '../harness/event-stream.js';
import { type Instance, startInstance } from '../harness/instance.js';
import { expectProblem } from '../harness/problem.js';
import { type Product, startProduct } from '../harness/product.js';

let product: Product;
let other: Instance;

beforeAll(async () => {
  product = await startProduct();
  other = await startInstance(product);
});
afterAll(async () => {
  await other.close();
  await product.close();
});

const open = (query = '', lastEventId?: number, key?: string) =>
  EventStream.openPath(product.client.address, `/v1/audit/stream${query}`, lastEventId, key);
const makeSession = async () => (await product.client.post('/v1/sessions', {})).body.id as string;
const isAbout = (id: string) => (event: StreamedEvent) => event.data['session'] === id;

async function indexOfNext(): Promise<number> {
  const stream = await open();
  const session = await makeSession();
  const { id } = await stream.until(isAbout(session));
  stream.leave();
  return id;
}

describe('the stream of the audit trail', () => {
  it('tells what is recorded from now on, whichever process recorded it', async () => {
    await makeSession();
    const stream = await open();
    const here = await makeSession();
    const elsewhere = (await other.client.post('/v1/sessions', {})).body.id as string;
    await stream.until(isAbout(elsewhere));
    expect(
      stream.events.filter(({ event }) => event === 'session.created').map(({ data }) => data['session']),
    ).toEqual(expect.arrayContaining([here, elsewhere]));
    expect(stream.events[0]?.data).toMatchObject({
      index: stream.events[0]?.id,
      leafHash: expect.any(String),
      v: 1,
    });
    stream.leave();
  });

  it('goes on behind the last event that was seen, without a gap and without a duplicate', async () => {
    const from = await indexOfNext();
    const first = await open('', from);
    const sessions = await Promise.all(Array.from({ length: 20 }, makeSession));
    await first.until(({ id }) => id >= from + 5);
    first.leave();
    const seen = [...first.events];
    while (seen.length < 20) {
      const next = await open('', seen.at(-1)?.id);
      const upTo = seen.length + 7;
      await next.until(() => seen.length + next.events.length >= Math.min(20, upTo));
      next.leave();
      seen.push(...next.events);
    }
    expect(seen.map(({ id }) => id)).toEqual(seen.map((_, at) => from + 1 + at));
    expect(new Set(seen.slice(0, 20).map(({ data }) => data['session']))).toEqual(new Set(sessions));
  });

  it('may begin at any place', async () => {
    const stream = await open('?fromIndex=0');
    await stream.until(({ id }) => id === 2);
    expect(stream.events.map(({ id }) => id).slice(0, 3)).toEqual([0, 1, 2]);
    stream.leave();
  });

  it('holds what passes the filters', async () => {
    const from = await indexOfNext();
    const wanted = await makeSession();
    await makeSession();
    const stream = await open(`?sessionId=${wanted}`, from);
    const last = await makeSession();
    const all = await open('', from);
    await all.until(isAbout(last));
    expect((await stream.until(() => true)).data).toMatchObject({ session: wanted });
    expect(stream.events).toHaveLength(1);
    stream.leave();
    all.leave();
  });

  it('speaks CloudEvents and OCSF', async () => {
    const from = await indexOfNext();
    const session = await makeSession();
    const cloud = await open('?format=cloudevents', from);
    expect((await cloud.until(() => true)).data).toMatchObject({
      specversion: '1.0',
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      source: expect.stringMatching(/^urn:countersign:audit:/),
      type: 'countersign.session.created',
      subject: session,
      sequence: String(from + 1).padStart(20, '0'),
    });
    const ocsf = await open('?format=ocsf', from);
    expect((await ocsf.until(() => true)).data).toMatchObject({
      class_uid: 6003,
      type_uid: 600_399,
      status_id: 1,
      metadata: { uid: expect.any(String), sequence: from + 1 },
      actor: { user: { uid: expect.any(String), type: 'apiKey' } },
      api: { operation: 'session.created' },
      resources: [{ uid: session }],
    });
    cloud.leave();
    ocsf.leave();
  });

  it('shows nobody the trail of another tenant', async () => {
    const foreign = newId();
    await product.app.get(DatabaseService).withTenant(foreign, (trx) =>
      product.app.get(AuditTrail).append(trx, foreign, {
        type: 'session.created',
        outcome: 'success',
        actor: { type: 'system', ref: 'test' },
      }),
    );
    await product.app.get(AuditLog).seal(foreign);
    const stream = await open('?fromIndex=0');
    await stream.until(isAbout(await makeSession()));
    const tenants = new Set(stream.events.map(({ data }) => data['log']));
    expect(tenants).toEqual(new Set([(await product.client.get('/v1/me')).body.tenantId]));
    stream.leave();
  });

  it('is for those who may read the trail', async () => {
    const { key } = await product.makeKey('operator');
    expectProblem(await product.client.get('/v1/audit/stream', { key }), 403, 'FORBIDDEN');
    expectProblem(await product.client.get('/v1/audit/stream', { key: '' }), 401, 'UNAUTHENTICATED');
  });

  it.each(['fromIndex=-1', 'fromIndex=999999', 'format=xml', 'workflowId=x', 'from=2026-01-01'])(
    'refuses ?%s',
    async (query) => {
      expectProblem(await product.client.get(`/v1/audit/stream?${query}`), 400, 'VALIDATION_FAILED');
    },
  );

  it.each(['x', '999999'])('refuses Last-Event-ID %s', async (id) => {
    const headers = { 'last-event-id': id };
    expectProblem(await product.client.get('/v1/audit/stream', { headers }), 400, 'VALIDATION_FAILED');
  });
});
