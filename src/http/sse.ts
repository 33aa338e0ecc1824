import type { FastifyReply, FastifyRequest } from 'fastify';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { AppError } from '../kernel/app-error.js';
import { type SseLimits, SseStreams, type TendedStream } from './sse-streams.js';

/** Heartbeats a client may leave unread, in a row, before it is cut off: two minutes. */
const UNREAD_BEATS = 8;
/** Clients come back at different moments, or those of a stopped process would all arrive at once. */
const RECONNECT_MS = { least: 1_000, most: 5_000 };

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
  /** Ends the stream: everything has been told. */
  close(): void;
  /** Ends the stream though there is more to tell: the client is asked to come back with `Last-Event-ID`. */
  closeToReconnect(): void;
  /** Settles once the stream has ended, whoever ended it. */
  readonly closed: Promise<void>;
  /** Aborts at the same moment. */
  readonly gone: AbortSignal;
  readonly isOpen: boolean;
}

const streamsOfServer = new WeakMap<object, SseStreams>();

/**
 * Takes a reply over and turns it into an event stream. Headers set on the reply so far (the request id, the
 * security headers) go out with it. The handler must not answer in any other way afterwards.
 *
 * @throws AppError `SERVICE_UNAVAILABLE` when this server has as many streams open as it may.
 */
export function openSse(reply: FastifyReply): SseStream {
  const streams = streamsOf(reply.server.server);
  if (streams.isFull) {
    throw new AppError('SERVICE_UNAVAILABLE', { detail: 'Too many event streams are open here.' });
  }
  reply.hijack();
  const response = reply.raw;
  for (const [name, value] of Object.entries({ ...reply.getHeaders(), ...STREAM_HEADERS })) {
    if (value !== undefined) response.setHeader(name, value);
  }
  response.writeHead(200);
  // A first comment makes proxies and clients see that the stream stands.
  response.write(`: open\n${retryHint()}`);
  const stream = new ResponseStream(response);
  streams.add(stream);
  return stream;
}

/** Sets what the event streams of a server may take. */
export function limitSseStreams(server: object, limits: SseLimits): void {
  streamsOf(server).limit(limits);
}

/** Ends every stream of a server, so that its shutdown need not wait for clients that never leave. */
export function closeSseStreams(server: object): void {
  streamsOf(server).closeAll();
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

class ResponseStream implements SseStream, TendedStream {
  readonly closed: Promise<void>;
  private readonly leaving = new AbortController();
  private unreadBeats = 0;

  constructor(private readonly response: ServerResponse) {
    // A client that resets the connection is an end like any other.
    response.on('error', () => undefined);
    this.closed = new Promise((resolve) => {
      const end = () => {
        this.leaving.abort();
        resolve();
      };
      if (response.closed || response.destroyed) end();
      else response.once('close', end);
    });
  }

  get gone(): AbortSignal {
    return this.leaving.signal;
  }

  get isOpen(): boolean {
    return !this.gone.aborted && !this.response.writableEnded;
  }

  async send(event: SseEvent): Promise<boolean> {
    if (!this.isOpen) return false;
    if (!this.response.write(textOf(event))) await this.drained();
    return this.isOpen;
  }

  close(): void {
    if (!this.response.writableEnded) this.response.end();
  }

  closeToReconnect(): void {
    if (!this.response.writableEnded) this.response.end(retryHint());
  }

  /** A client that reads nothing gets no heartbeats on top of what it has not read, and is cut off at last. */
  beat(): void {
    const isUnread = this.response.writableNeedDrain || this.response.writableEnded;
    this.unreadBeats = isUnread ? this.unreadBeats + 1 : 0;
    if (!isUnread) this.response.write(': heartbeat\n\n');
    else if (this.unreadBeats >= UNREAD_BEATS) this.response.destroy();
  }

  private async drained(): Promise<void> {
    await once(this.response, 'drain', { signal: this.gone }).catch(() => undefined);
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

function retryHint(): string {
  return `retry: ${randomInt(RECONNECT_MS.least, RECONNECT_MS.most)}\n\n`;
}

function streamsOf(server: object): SseStreams {
  const streams = streamsOfServer.get(server) ?? new SseStreams();
  streamsOfServer.set(server, streams);
  return streams;
}
