import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { RunEventRepository } from '../../src/workflow/events/run-event.repository.js';
import { campaignInReview, startCampaign } from '../harness/campaign.js';
import { OTHER_TENANT_ID } from '../harness/database.js';
import { EventStream, type StreamedEvent } from '../harness/event-stream.js';
import { type Instance, startInstance } from '../harness/instance.js';
import { ADMIN_KEY, type Product, startProduct } from '../harness/product.js';
import { SeededRandom } from '../harness/random.js';
import { RunReader } from '../harness/run-reader.js';

const STREAMS = 1_000;
const RUNS = 10;

let product: Product;
let second: Instance;
let reader: RunReader;

beforeAll(async () => {
  product = await startProduct();
  // Serves requests only: what its streams show was written by the other one.
  second = await startInstance(product, { COUNTERSIGN_ROLE: 'api' });
  reader = new RunReader(product.client);
});
afterEach(() => void vi.restoreAllMocks());
afterAll(async () => {
  await second.close();
  await product.close();
});

const isRequest = (event: StreamedEvent) => event.event === 'approval.requested';
const positions = (events: readonly StreamedEvent[]) => events.map((event) => event.id);
const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

/** Writes events of a run as another process would: past this one. */
async function writeElsewhere(runId: string, count: number, bytes = 1): Promise<void> {
  await product.database.query(
    `with moved as (update workflow_run set event_seq = event_seq + $2 where id = $1 returning tenant_id, event_seq)
     insert into workflow_event (tenant_id, run_id, seq, type, data, created_at)
     select tenant_id, $1, event_seq - $2 + n, 'delivery.progress', jsonb_build_object('text', repeat('x', $3)), now()
       from moved, generate_series(1, $2::int) n`,
    [runId, count, bytes],
  );
}

/** Opens streams a hundred at a time. */
async function openMany(
  count: number,
  open: (index: number) => Promise<EventStream>,
): Promise<EventStream[]> {
  const streams: EventStream[] = [];
  while (streams.length < count) {
    const some = Array.from({ length: Math.min(100, count - streams.length) }, (_, index) => index);
    streams.push(...(await Promise.all(some.map((index) => open(streams.length + index)))));
  }
  return streams;
}

describe('a thousand open streams of one process', { timeout: 240_000 }, () => {
  it('all tell all events of their runs and end with them', async () => {
    const ids = await Promise.all(Array.from({ length: RUNS }, () => campaignInReview(product.client)));
    const streams = await openMany(STREAMS, (index) =>
      EventStream.open(product.client.address, ids[index % RUNS] as string),
    );
    await Promise.all(streams.map((stream) => stream.until(isRequest)));
    for (const id of ids) expect((await reader.decide(id, { decision: 'approve' })).status).toBe(201);
    const told = await Promise.all(streams.map((stream) => stream.untilEnd()));
    for (const events of told) {
      expect(positions(events)).toEqual(upTo(events.length));
      expect(events.at(-1)?.event).toBe('workflow.completed');
    }
    expect(new Set(told.map((events) => JSON.stringify(events))).size).toBe(RUNS);
  });

  it('cost one look at a time while nothing happens, and one read when something does', async () => {
    const id = await campaignInReview(product.client);
    const streams = await openMany(STREAMS, () => EventStream.open(second.client.address, id));
    await Promise.all(streams.map((stream) => stream.until(isRequest)));
    const looks = vi.spyOn(RunEventRepository.prototype, 'moved');
    const reads = vi.spyOn(RunEventRepository.prototype, 'readAll');
    await expect.poll(() => looks.mock.calls.length, { timeout: 120_000 }).toBeGreaterThan(5);
    expect(reads).not.toHaveBeenCalled();
    await writeElsewhere(id, 1);
    await Promise.all(streams.map((stream) => stream.until((event) => event.event === 'delivery.progress')));
    expect(reads.mock.calls.flatMap(([, batch]) => batch)).toHaveLength(1);
    for (const stream of streams) stream.leave();
    await reader.decide(id, { decision: 'reject' });
  });
});

describe('a stream that is cut again and again', () => {
  it('loses and repeats nothing, whichever of two processes it goes on at, while the run goes on', async () => {
    const random = new SeededRandom(4_711);
    const id = (await startCampaign(product.client, { count: 30 })).body.id as string;
    const addresses = [product.client.address, second.client.address];
    const seen: StreamedEvent[] = [];
    let isDecided = false;
    while (seen.at(-1)?.event !== 'workflow.completed') {
      const address = random.pick(addresses);
      const last = seen.at(-1)?.id;
      const stream = await EventStream.open(address, id, last);
      const cutAfter = (last ?? 0) + random.between(1, 4);
      await stream.until(
        (event) => event.id >= cutAfter || event.event === 'workflow.completed' || isRequest(event),
      );
      stream.leave();
      seen.push(...stream.events);
      if (seen.some(isRequest) && !isDecided) {
        isDecided = true;
        await reader.decide(id, { decision: 'approve' });
      }
    }
    const all = await (await EventStream.open(product.client.address, id)).untilEnd();
    expect(seen).toEqual(all);
    expect(positions(seen)).toEqual(upTo(seen.length));
  });
});

describe('a client that reads nothing', { timeout: 240_000 }, () => {
  const EVENTS = 20_000;
  const BYTES = 1_000;

  it('has its events left in the database, and gets every one once it reads', async () => {
    const id = await campaignInReview(product.client);
    const served = once(product.app.getHttpServer(), 'connection') as Promise<[Socket]>;
    const client = connect(Number(new URL(product.client.address).port), '127.0.0.1');
    client.pause();
    client.write(
      `GET /v1/workflows/${id}/events HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer ${ADMIN_KEY}\r\n\r\n`,
    );
    const [socket] = await served;
    await writeElsewhere(id, EVENTS, BYTES);
    await expect.poll(() => socket.writableNeedDrain, { timeout: 120_000 }).toBe(true);
    // Something happens all the time, and none of it may pile up here.
    for (let round = 0; round < 20; round++) await writeElsewhere(id, 1);
    expect(socket.writableLength).toBeLessThan(200_000);

    const ids: number[] = [];
    let rest = '';
    client.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) if (line.startsWith('id: ')) ids.push(Number(line.slice(4)));
    });
    client.resume();
    await reader.decide(id, { decision: 'reject' });
    const { eventCount } = (
      await product.database.query<{ eventCount: number }>(
        'select event_seq as "eventCount" from workflow_run where id = $1',
        [id],
      )
    )[0] ?? { eventCount: 0 };
    expect(eventCount).toBeGreaterThan(EVENTS);
    await expect.poll(() => ids.length, { timeout: 120_000 }).toBe(eventCount);
    expect(ids).toEqual(upTo(eventCount));
    client.destroy();
  });
});

describe('event streams of another tenant', () => {
  it('are not there', async () => {
    const id = await campaignInReview(product.client);
    const { id: keyId, key } = await product.makeKey('operator');
    await product.database.force('update api_key set tenant_id = $1 where id = $2', [OTHER_TENANT_ID, keyId]);
    await expect(EventStream.open(product.client.address, id, undefined, key)).rejects.toThrow(
      /404 .*WORKFLOW_NOT_FOUND/,
    );
    await reader.decide(id, { decision: 'reject' });
  });
});

describe('event streams of a process', () => {
  it('end when it stops, with the request to come back, and go on elsewhere', async () => {
    const stopping = await startInstance(product, { COUNTERSIGN_ROLE: 'api' });
    const id = await campaignInReview(product.client);
    const streams = await openMany(50, () => EventStream.open(stopping.client.address, id));
    await Promise.all(streams.map((stream) => stream.until(isRequest)));
    for (const stream of streams) stream.retryMs = undefined;
    const stopped = stopping.close();
    const last = (await Promise.all(streams.map((stream) => stream.untilEnd())))[0]?.length;
    await stopped;
    for (const { retryMs } of streams) {
      expect(retryMs).toBeGreaterThanOrEqual(1_000);
      expect(retryMs).toBeLessThan(5_000);
    }
    // Not all at the same moment.
    expect(new Set(streams.map(({ retryMs }) => retryMs)).size).toBeGreaterThan(1);
    const next = await EventStream.open(second.client.address, id, last);
    await reader.decide(id, { decision: 'reject' });
    expect((await next.untilEnd())[0]?.id).toBe((last ?? 0) + 1);
  });

  it('are no more than it may keep open', async () => {
    const small = await startInstance(product, {
      COUNTERSIGN_ROLE: 'api',
      COUNTERSIGN__SERVER__MAX_EVENT_STREAMS: '2',
    });
    const id = await campaignInReview(product.client);
    const open = () => EventStream.open(small.client.address, id);
    const [first] = await Promise.all([open(), open()]);
    await expect(open()).rejects.toThrow(/503 .*SERVICE_UNAVAILABLE/);
    first?.leave();
    await expect
      .poll(
        () =>
          open().then(
            () => 'open',
            () => 'refused',
          ),
        { timeout: 20_000 },
      )
      .toBe('open');
    await small.close();
    await reader.decide(id, { decision: 'reject' });
  });
});
