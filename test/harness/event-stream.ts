import { ADMIN_KEY } from './product.js';

/** One event as it came over the wire. */
export interface StreamedEvent {
  readonly id: number;
  readonly event: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** A client of an event stream. */
export class EventStream {
  readonly events: StreamedEvent[] = [];
  /** Lines that are comments, without their colon. */
  readonly comments: string[] = [];
  /** After how many milliseconds the server last asked to be called again. */
  retryMs: number | undefined;
  private readonly reader: ReadableStreamDefaultReader<Uint8Array>;
  private readonly decoder = new TextDecoder();
  private rest = '';

  private constructor(
    readonly response: Response,
    private readonly abort: AbortController,
  ) {
    if (!response.body) throw new Error(`no stream: ${response.status}`);
    this.reader = response.body.getReader();
  }

  /** Opens the stream of a run, from the event after a position. */
  static open(address: string, runId: string, lastEventId?: number, key = ADMIN_KEY): Promise<EventStream> {
    return EventStream.openPath(address, `/v1/workflows/${runId}/events`, lastEventId, key);
  }

  /** Opens any stream, from the event after a position. */
  static async openPath(
    address: string,
    path: string,
    lastEventId?: number,
    key = ADMIN_KEY,
  ): Promise<EventStream> {
    const abort = new AbortController();
    const response = await fetch(new URL(path, address), {
      headers: {
        authorization: `Bearer ${key}`,
        accept: 'text/event-stream',
        ...(lastEventId === undefined ? {} : { 'last-event-id': String(lastEventId) }),
      },
      signal: abort.signal,
    });
    if (response.status !== 200) throw new Error(`${response.status} ${await response.text()}`);
    return new EventStream(response, abort);
  }

  /** Reads until an event is as wanted; throws when the stream ends before. */
  async until(wanted: (event: StreamedEvent) => boolean): Promise<StreamedEvent> {
    for (let seen = 0; ;) {
      for (; seen < this.events.length; seen++) {
        const event = this.events[seen];
        if (event && wanted(event)) return event;
      }
      if (!(await this.read()))
        throw new Error(`the stream ended after ${JSON.stringify(this.events.at(-1))}`);
    }
  }

  /** Reads until the server ends the stream; everything that came. */
  async untilEnd(): Promise<readonly StreamedEvent[]> {
    while (await this.read());
    return this.events;
  }

  /** Leaves without a word, as a client whose connection breaks. */
  leave(): void {
    this.abort.abort();
  }

  private async read(): Promise<boolean> {
    const { done, value } = await this.reader.read();
    if (done) return false;
    this.rest += this.decoder.decode(value, { stream: true });
    const blocks = this.rest.split('\n\n');
    this.rest = blocks.pop() ?? '';
    for (const block of blocks) this.take(block);
    return true;
  }

  private take(block: string): void {
    const fields = new Map(block.split('\n').map((line) => splitOnce(line)));
    const comment = fields.get('');
    if (comment !== undefined) this.comments.push(comment);
    const retry = fields.get('retry');
    if (retry !== undefined) this.retryMs = Number(retry);
    const data = fields.get('data');
    if (data === undefined) return;
    this.events.push({
      id: Number(fields.get('id')),
      event: fields.get('event') ?? '',
      data: JSON.parse(data) as Record<string, unknown>,
    });
  }
}

function splitOnce(line: string): [string, string] {
  const colon = line.indexOf(':');
  return [line.slice(0, colon), line.slice(colon + 1).trimStart()];
}
