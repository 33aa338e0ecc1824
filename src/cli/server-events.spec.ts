import { afterEach, describe, expect, it } from 'vitest';
import { ApiClient } from './api-client.js';
import { FakeApi, FAKE_KEY, type FakeApiOptions } from '../../test/harness/api-server.fake.js';
import { followEvents, parseEvents, type ServerEvent } from './server-events.js';

describe('parseEvents', () => {
  const stream =
    ': hello\n\nid: 1\nevent: a.b\ndata: {"n":1}\n\nevent: c\r\ndata: {"text":\r\ndata: "zwölf"}\r\nunknown: x\r\n\r\n' +
    'id\ndata:{}\n\nevent: no data\n\nid: 9\nevent: cut off\ndata: {}';
  const expected = [
    { id: '1', event: 'a.b', data: { n: 1 } },
    { id: '1', event: 'c', data: { text: 'zwölf' } },
    { id: '', event: 'message', data: {} },
  ];

  it.each([1, 2, 3, 7, 1_000])('reads a stream that comes in pieces of %i bytes', async (size) => {
    expect(await collect(parseEvents(pieces(Buffer.from(stream), size)))).toEqual(expected);
  });
});

describe('followEvents', () => {
  const servers: FakeApi[] = [];

  afterEach(() => {
    for (const server of servers.splice(0)) server.close();
  });

  async function serverWith(options: FakeApiOptions): Promise<{ server: FakeApi; client: ApiClient }> {
    const server = await new FakeApi(options).listen();
    servers.push(server);
    return { server, client: new ApiClient(server.url, FAKE_KEY) };
  }

  const path = '/v1/workflows/0198c0de-0000-7000-8000-000000000001/events';

  it('a stream that breaks is continued behind the event last seen, without gap or repetition', async () => {
    const { server, client } = await serverWith({ breakBehind: 3 });
    for (let n = 1; n <= 5; n += 1) server.emit('tick', { n });

    const seen = await take(
      5,
      followEvents(client, path, { signal: AbortSignal.timeout(5_000), reconnectMs: 1 }),
    );

    expect(seen.map(({ data }) => data['n'])).toEqual([1, 2, 3, 4, 5]);
    expect(server.received.map(({ headers }) => headers['last-event-id'])).toEqual(['0', '3']);
  });

  it('a refusal is not asked again', async () => {
    const { server } = await serverWith({});
    const stranger = new ApiClient(server.url, 'wrong');

    const events = followEvents(stranger, path, { signal: AbortSignal.timeout(5_000), reconnectMs: 1 });

    await expect(events.next()).rejects.toThrow('401 UNAUTHENTICATED');
    expect(server.received).toHaveLength(1);
  });

  it('a server that stays away is given up', async () => {
    const { server, client } = await serverWith({});
    server.close();

    const options = { signal: AbortSignal.timeout(5_000), reconnectMs: 1, maxReconnects: 2 };

    await expect(followEvents(client, path, options).next()).rejects.toThrow('The event stream was lost');
  });

  it('an interruption ends it at once', async () => {
    const { client } = await serverWith({});
    const stop = new AbortController();
    const next = followEvents(client, path, { signal: stop.signal }).next();

    stop.abort();

    await expect(next).rejects.toMatchObject({ name: 'AbortError' });
  });
});

async function* pieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < bytes.length; start += size) yield bytes.subarray(start, start + size);
}

async function collect(events: AsyncIterable<ServerEvent>): Promise<ServerEvent[]> {
  const all: ServerEvent[] = [];
  for await (const event of events) all.push(event);
  return all;
}

async function take(count: number, events: AsyncIterable<ServerEvent>): Promise<ServerEvent[]> {
  const all: ServerEvent[] = [];
  for await (const event of events) {
    all.push(event);
    if (all.length === count) break;
  }
  return all;
}
