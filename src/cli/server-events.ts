import { setTimeout as delay } from 'node:timers/promises';
import type { ApiClient } from './api-client.js';
import { ApiError } from './api-client.js';
import { CliError } from './cli-error.js';

/** One Server-Sent Event with its JSON data. */
export interface ServerEvent {
  readonly id: string | undefined;
  readonly event: string;
  readonly data: Readonly<Record<string, unknown>>;
}

export interface FollowOptions {
  readonly signal: AbortSignal;
  /** First wait before a broken stream is opened again; it doubles with each failure in a row. */
  readonly reconnectMs?: number;
  /** Failures in a row after which following is given up. */
  readonly maxReconnects?: number;
}

/** A stream that stood this long was ended by a server that stops or shares its load: not a failure. */
const STANDING_MS = 30_000;

/**
 * All events of a stream, from its first on. A stream that breaks is opened again behind the last
 * event seen, so that none is missed or shown twice. It ends when the caller stops asking.
 */
export async function* followEvents(
  client: ApiClient,
  path: string,
  options: FollowOptions,
): AsyncGenerator<ServerEvent> {
  const { signal, reconnectMs = 250, maxReconnects = 8 } = options;
  let lastEventId = '0';
  let failures = 0;
  for (;;) {
    const openedAt = performance.now();
    try {
      for await (const event of parseEvents(await client.openEvents(path, lastEventId, signal))) {
        failures = 0;
        if (event.id !== undefined) lastEventId = event.id;
        yield event;
      }
    } catch (error) {
      signal.throwIfAborted();
      // A refusal stays one, however often it is asked for.
      if (error instanceof ApiError && error.status < 500 && error.status !== 429) throw error;
      const isStanding = performance.now() - openedAt >= STANDING_MS;
      if (!isStanding && failures >= maxReconnects)
        throw new CliError('The event stream was lost', { cause: error });
    }
    if (performance.now() - openedAt >= STANDING_MS) failures = 0;
    if (failures > maxReconnects) throw new CliError('The event stream was lost');
    await delay(Math.min(reconnectMs * 2 ** failures, 5_000), undefined, { signal });
    failures += 1;
  }
}

/** Reads the event stream format of the HTML standard; comments (heartbeats) are skipped. */
export async function* parseEvents(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<ServerEvent> {
  let event = '';
  let id: string | undefined;
  let data: string[] = [];
  for await (const line of linesOf(chunks)) {
    if (line === '') {
      if (data.length > 0) yield { id, event: event || 'message', data: objectOf(data.join('\n')) };
      event = '';
      data = [];
      continue;
    }
    const colon = line.indexOf(':');
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (field === 'event') event = value;
    else if (field === 'data') data.push(value);
    else if (field === 'id') id = value;
  }
}

async function* linesOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of chunks) {
    const text = rest + decoder.decode(chunk, { stream: true });
    // A carriage return at the end may be half of a line break that continues in the next chunk.
    const end = text.endsWith('\r') ? text.length - 1 : text.length;
    const lines = text.slice(0, end).split(/\r\n|\n|\r/);
    rest = (lines.pop() ?? '') + text.slice(end);
    yield* lines;
  }
}

function objectOf(text: string): Record<string, unknown> {
  const value: unknown = JSON.parse(text);
  return value !== null && typeof value === 'object' ? (value as Record<string, unknown>) : { value };
}
