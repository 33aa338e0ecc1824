import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { Webhook } from 'standardwebhooks';

/** A message as it came over the wire. */
export interface ReceivedMessage {
  readonly headers: Readonly<Record<string, string>>;
  readonly raw: string;
  readonly body: {
    readonly type: string;
    readonly timestamp: string;
    // Tests know what they asked for.
    // oxlint-disable-next-line typescript/no-explicit-any
    readonly data: any;
  };
}

/** What a receiver answers: a status, or nothing at all. */
type Reply = number | 'silence' | { readonly redirect: string };

/** Somebody who is told by webhooks: a real server with an address for each test. */
export class WebhookReceiver {
  private readonly received = new Map<string, ReceivedMessage[]>();
  private readonly replies = new Map<string, Reply[]>();
  private readonly held = new Map<string, Promise<void>>();
  private readonly server: Server = createServer((request, response) => void this.answer(request, response));

  /** How many requests are being answered at this moment, by path. */
  readonly open = new Map<string, number>();

  async listen(): Promise<this> {
    await new Promise<void>((done) => this.server.listen(0, '127.0.0.1', done));
    return this;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((done) => this.server.close(done));
  }

  /** @param name tells this address from the others. */
  urlOf(name: string): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/${name}`;
  }

  /** What the next requests to an address are answered; the last stands for all that follow. Without, it is 204. */
  reply(name: string, ...replies: Reply[]): void {
    this.replies.set(`/${name}`, replies);
  }

  /** Requests to an address are answered once this is resolved. */
  hold(name: string, until: Promise<void>): void {
    this.held.set(`/${name}`, until);
  }

  /** Everything that came to an address, in order. */
  at(name: string): readonly ReceivedMessage[] {
    return this.received.get(`/${name}`) ?? [];
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? '';
    const raw = await text(request);
    const headers = request.headers as Record<string, string>;
    const messages = this.received.get(path) ?? [];
    this.received.set(path, [
      ...messages,
      { headers, raw, body: JSON.parse(raw) as ReceivedMessage['body'] },
    ]);
    this.open.set(path, (this.open.get(path) ?? 0) + 1);
    await this.held.get(path);
    this.open.set(path, (this.open.get(path) ?? 0) - 1);
    const replies = this.replies.get(path) ?? [204];
    const reply = (replies.length > 1 ? replies.shift() : replies[0]) ?? 204;
    if (reply === 'silence') return;
    if (typeof reply === 'number') response.writeHead(reply).end(reply === 204 ? undefined : 'told you');
    else response.writeHead(307, { location: reply.redirect }).end();
  }
}

/** Whether a receiver that knows the secret takes the message for genuine. */
export function isGenuine(secret: string, { raw, headers }: ReceivedMessage): boolean {
  try {
    new Webhook(secret).verify(raw, headers);
    return true;
  } catch {
    return false;
  }
}
