import type { FastifyReply, FastifyRequest } from 'fastify';
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { AppError } from '../kernel/app-error.js';

const HEARTBEAT_INTERVAL_MS = 15_000;

const STREAM_HEADERS = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-store',
  connection: 'keep-alive',
  // nginx would otherwise hold events back until a buffer is full.
  'x-accel-buffering': 'no',
};

/** One Server-Sent Event; `data` is sent as JSON. */
export interface SseEvent {
  /** What the client sends back as `Last-Event-ID` after a broken connection. */
  readonly id?: string | number;
  readonly event: string;
  readonly data: unknown;
}

/** An open stream of Server-Sent Events. */
export interface SseStream {
  /**
   * Writes one event and waits while the client is slower than we are.
   *
   * @returns whether the stream is still open: false means that nobody is listening any more.
   */
  send(event: SseEvent): Promise<boolean>;
  /** Ends the stream; the client may reconnect with `Last-Event-ID`. */
  close(): void;
  /** Settles once the stream has ended, whoever ended it. */
  readonly closed: Promise<void>;
  readonly isOpen: boolean;
}

const streamsOfServer = new WeakMap<object, Set<SseStream>>();

/**
 * Takes a reply over and turns it into an event stream. Headers set on the reply so far (the request id, the
 * security headers) go out with it. The handler must not answer in any other way afterwards.
 */
export function openSse(reply: FastifyReply): SseStream {
  reply.hijack();
  const response = reply.raw;
  for (const [name, value] of Object.entries({ ...reply.getHeaders(), ...STREAM_HEADERS })) {
    if (value !== undefined) response.setHeader(name, value);
  }
  response.writeHead(200);
  // A first comment makes proxies and clients see that the stream stands.
  response.write(': open\n\n');
  const stream = new ResponseStream(response);
  remember(reply.server.server, stream);
  return stream;
}

/** Ends every stream of a server, so that its shutdown need not wait for clients that never leave. */
export function closeSseStreams(server: object): void {
  for (const stream of streamsOfServer.get(server) ?? []) stream.close();
}

/**
 * The position a reconnecting client wants to resume from, or undefined for a fresh one.
 *
 * @throws AppError `VALIDATION_FAILED` unless it is a non-negative integer.
 */
export function lastEventIdOf(request: Pick<FastifyRequest, 'headers'>): number | undefined {
  const header = request.headers['last-event-id'];
  if (header === undefined || header === '') return undefined;
  const id = typeof header === 'string' && /^\d{1,15}$/.test(header) ? Number(header) : undefined;
  if (id === undefined) {
    throw new AppError('VALIDATION_FAILED', {
      errors: [{ path: 'Last-Event-ID', message: 'must be a non-negative integer' }],
    });
  }
  return id;
}

class ResponseStream implements SseStream {
  readonly closed: Promise<void>;
  private readonly gone = new AbortController();

  constructor(private readonly response: ServerResponse) {
    const heartbeat = setInterval(() => this.beat(), HEARTBEAT_INTERVAL_MS).unref();
    // A client that resets the connection is an end like any other.
    response.on('error', () => undefined);
    this.closed = new Promise((resolve) => {
      const end = () => {
        clearInterval(heartbeat);
        this.gone.abort();
        resolve();
      };
      if (response.closed || response.destroyed) end();
      else response.once('close', end);
    });
  }

  get isOpen(): boolean {
    return !this.gone.signal.aborted && !this.response.writableEnded;
  }

  async send(event: SseEvent): Promise<boolean> {
    if (!this.isOpen) return false;
    if (!this.response.write(textOf(event))) await this.drained();
    return this.isOpen;
  }

  close(): void {
    if (!this.response.writableEnded) this.response.end();
  }

  private beat(): void {
    // A client that reads nothing gets no heartbeats on top of what it has not read.
    if (this.isOpen && !this.response.writableNeedDrain) this.response.write(': heartbeat\n\n');
  }

  private async drained(): Promise<void> {
    await once(this.response, 'drain', { signal: this.gone.signal }).catch(() => undefined);
  }
}

function textOf({ id, event, data }: SseEvent): string {
  const head = id === undefined ? '' : `id: ${oneLine(String(id))}\n`;
  return `${head}event: ${oneLine(event)}\ndata: ${JSON.stringify(data)}\n\n`;
}

/** A line break would let a field end early and start another. */
function oneLine(text: string): string {
  if (/[\r\n\0]/.test(text)) throw new TypeError('an SSE field is one line');
  return text;
}

function remember(server: object, stream: SseStream): void {
  const streams = streamsOfServer.get(server) ?? new Set();
  streamsOfServer.set(server, streams.add(stream));
  void stream.closed.then(() => streams.delete(stream));
}
