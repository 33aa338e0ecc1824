import type { FastifyReply } from 'fastify';
import { EventEmitter } from 'node:events';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { startTestApplication, type TestApplication } from '../../test/harness/http-application.fake.js';
import { lastEventIdOf, limitSseStreams, openSse } from './sse.js';
import { StreamsController } from '../../test/harness/streams.fake.js';

describe('Server-Sent Events', () => {
  let test: TestApplication;
  let url: string;
  beforeEach(async () => {
    test = await startTestApplication({ controllers: [StreamsController] });
    await test.app.listen(0, '127.0.0.1');
    url = (await test.app.getUrl()).replace('[::1]', '127.0.0.1');
  });
  afterEach(() => test.app.close());

  const controller = () => test.app.get(StreamsController);

  it('go out at once, with id, event and data on lines of their own', async () => {
    const response = await fetch(`${url}/streams/events`, { headers: { 'x-request-id': 'stream-00001' } });
    expect(response.status).toBe(200);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
      'x-request-id': 'stream-00001',
      'x-content-type-options': 'nosniff',
    });
    expect(await readUntil(response, 'lines"}\n\n')).toContain(
      'id: 1\nevent: thing.changed\ndata: {"text":"two\\nlines"}\n\n',
    );
  });

  it('resume after the last event the client saw', async () => {
    const response = await fetch(`${url}/streams/events`, { headers: { 'last-event-id': '41' } });
    expect(await readUntil(response, 'data:')).toContain('id: 42\n');
  });

  it.each(['-1', '1.5', 'abc', '1e3', '99999999999999999999'])('refuse to resume after %s', async (id) => {
    const response = await fetch(`${url}/streams/events`, { headers: { 'last-event-id': id } });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({
      code: 'VALIDATION_FAILED',
      errors: [{ path: 'Last-Event-ID' }],
    });
  });

  it('start afresh without a last event', () => {
    expect(lastEventIdOf({ headers: {} })).toBeUndefined();
    expect(lastEventIdOf({ headers: { 'last-event-id': '0' } })).toBe(0);
  });

  it('notice that the client is gone', async () => {
    const leave = new AbortController();
    await readUntil(await fetch(`${url}/streams/events`, { signal: leave.signal }), 'data:');
    const stream = await controller().opened.promise;
    leave.abort();
    await stream.closed;
    expect(stream.isOpen).toBe(false);
    expect(await stream.send({ event: 'thing.changed', data: 1 })).toBe(false);
  });

  it('end when the handler closes them', async () => {
    const response = await fetch(`${url}/streams/events`);
    (await controller().opened.promise).close();
    expect(await response.text()).toMatch(/\n\n$/);
  });

  it('are cut, and the server lives on, when the handler fails half-way', async () => {
    const response = await fetch(`${url}/streams/broken`);
    const reader = response.body?.getReader();
    expect((await reader?.read())?.done).toBe(false);
    controller().mayBreak.resolve();
    const toTheEnd = async () => {
      while (!(await reader?.read())?.done);
    };
    await expect(toTheEnd()).rejects.toThrow('terminated');
    expect((await fetch(`${url}/health/live`)).status).toBe(200);
  });

  it('end at shutdown, so that it need not wait for them', async () => {
    const response = await fetch(`${url}/streams/events`);
    await controller().opened.promise;
    await test.app.close();
    expect(await response.text()).toContain('data:');
  });

  it('count as requests but not as latencies', async () => {
    const response = await fetch(`${url}/streams/events`);
    (await controller().opened.promise).close();
    await response.text();
    await vi.waitFor(async () => {
      const page = await (await fetch(`${url}/metrics`)).text();
      expect(page).toContain('http_requests_total{method="GET",route="/streams/events",status="200"} 1');
      expect(page).not.toContain('http_request_duration_seconds_count{method="GET",route="/streams/events"');
    });
  });
});

/** Reads until a text is there. */
async function readUntil(response: Response, text: string): Promise<string> {
  let seen = '';
  for await (const chunk of response.body ?? []) {
    seen += Buffer.from(chunk as Uint8Array).toString();
    if (seen.includes(text)) break;
  }
  return seen;
}

/** A response whose client decides when it has read. */
class StalledResponse extends EventEmitter {
  readonly written: string[] = [];
  closed = false;
  destroyed = false;
  writableEnded = false;
  writableNeedDrain = false;
  end(text = '') {
    this.written.push(text);
    this.writableEnded = true;
    this.emit('close');
  }
  destroy() {
    this.destroyed = true;
    this.emit('close');
  }
  setHeader() {}
  writeHead() {}
  write(text: string) {
    this.written.push(text);
    return !this.writableNeedDrain;
  }
}

function open(server: object = {}) {
  const raw = new StalledResponse();
  const reply = { hijack() {}, getHeaders: () => ({}), raw, server: { server } };
  return { raw, stream: openSse(reply as unknown as FastifyReply) };
}

describe('a stream to a slow client', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('waits with the next event until the last has been taken', async () => {
    const { raw, stream } = open();
    raw.writableNeedDrain = true;
    let isSent = false;
    const sending = stream.send({ event: 'a', data: 1 }).then((open) => {
      isSent = true;
      return open;
    });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(isSent).toBe(false);
    raw.emit('drain');
    expect(await sending).toBe(true);
  });

  it('does not wait for a client that left', async () => {
    const { raw, stream } = open();
    raw.writableNeedDrain = true;
    const sending = stream.send({ event: 'a', data: 1 });
    raw.emit('close');
    expect(await sending).toBe(false);
  });

  it('is kept open by a comment every fifteen seconds, unless nothing is being read', async () => {
    const { raw } = open();
    await vi.advanceTimersByTimeAsync(30_000);
    expect(raw.written.filter((text) => text === ': heartbeat\n\n')).toHaveLength(2);
    raw.writableNeedDrain = true;
    await vi.advanceTimersByTimeAsync(30_000);
    expect(raw.written.filter((text) => text === ': heartbeat\n\n')).toHaveLength(2);
  });

  it('is cut off when it has read nothing for two minutes', async () => {
    const { raw } = open();
    raw.writableNeedDrain = true;
    await vi.advanceTimersByTimeAsync(7 * 15_000);
    expect(raw.destroyed).toBe(false);
    await vi.advanceTimersByTimeAsync(15_000);
    expect(raw.destroyed).toBe(true);
  });

  it('never lets a field break out of its line', async () => {
    await expect(open().stream.send({ event: 'a\ndata: forged', data: 1 })).rejects.toThrow(TypeError);
  });
});

describe('the streams of one server', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('share one timer, which ends with the last of them', async () => {
    const server = {};
    const streams = Array.from({ length: 100 }, () => open(server));
    expect(vi.getTimerCount()).toBe(1);
    await vi.advanceTimersByTimeAsync(15_000);
    for (const { raw } of streams) {
      expect(raw.written.filter((text) => text === ': heartbeat\n\n')).toHaveLength(1);
    }
    for (const { stream } of streams) stream.close();
    await Promise.all(streams.map(({ stream }) => stream.closed));
    expect(vi.getTimerCount()).toBe(0);
  });

  it('are asked to come back when they are old', async () => {
    const server = {};
    limitSseStreams(server, { maxStreams: 10, maxAgeMs: 60_000 });
    const { raw } = open(server);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(raw.writableEnded).toBe(false);
    await vi.advanceTimersByTimeAsync(15_000);
    expect(raw.writableEnded).toBe(true);
    expect(raw.written.at(-1)).toMatch(/^retry: \d{4}\n\n$/);
  });
});
