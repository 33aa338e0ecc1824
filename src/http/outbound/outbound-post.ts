import type { IncomingMessage } from 'node:http';
import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import type { LookupFunction, Socket } from 'node:net';

export interface OutboundPost {
  readonly body: Buffer;
  readonly headers: Readonly<Record<string, string>>;
  /** Resolves the name; without one, as the system does. */
  readonly lookup: LookupFunction | undefined;
  readonly signal: AbortSignal;
}

/** What came of a request: an answer, or a fault before there was one. */
export type PostOutcome =
  | {
      readonly kind: 'answered';
      readonly status: number;
      /** Size of the answer's text, as far as it was listened to; the text itself is not kept. */
      readonly responseBytes: number;
    }
  | {
      readonly kind: 'fault';
      /** Of the system (`ECONNREFUSED`), `PRIVATE_ADDRESS`, or `ABORT_ERR` when the signal came first. */
      readonly code: string | undefined;
      /** Whether the request may have left. */
      readonly begun: boolean;
    };

/** How much of an answer is listened to, and for how long: its text says nothing the status does not. */
const MAX_ANSWER_BYTES = 65_536;
const ANSWER_TIMEOUT_MS = 1_000;

/** Posts JSON once, over a connection of its own, and follows no redirect. Never rejects. */
export function postOnce(url: URL, { body, headers, lookup, signal }: OutboundPost): Promise<PostOutcome> {
  const isSecure = url.protocol === 'https:';
  const send = isSecure ? requestHttps : requestHttp;
  return new Promise((settle) => {
    let begun = false;
    let isAnswered = false;
    const request = send(url, {
      method: 'POST',
      // A fresh connection each time: one kept alive may die just as the request is written, and then nobody knows.
      agent: false,
      lookup,
      signal,
      headers: { 'content-type': 'application/json', 'content-length': body.length, ...headers },
    });
    // Node writes nothing of a request before the socket, TLS included, stands.
    request.once('socket', (socket: Socket) => {
      begun = !socket.connecting && !socket.destroyed;
      socket.once(isSecure ? 'secureConnect' : 'connect', () => {
        begun = true;
      });
    });
    request.once('response', (response) => {
      isAnswered = true;
      measure(response, (responseBytes) =>
        settle({ kind: 'answered', status: response.statusCode ?? 0, responseBytes }),
      );
    });
    // Stays for good: tearing the answer down reports a fault that no longer matters.
    request.on('error', ({ code }: NodeJS.ErrnoException) => {
      if (!isAnswered) settle({ kind: 'fault', code, begun });
    });
    request.end(body);
  });
}

function measure(response: IncomingMessage, done: (bytes: number) => void): void {
  let bytes = 0;
  const timer = setTimeout(() => response.destroy(), ANSWER_TIMEOUT_MS);
  response.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes >= MAX_ANSWER_BYTES) response.destroy();
  });
  // Cut off or not, the status has been given.
  response.on('error', () => undefined);
  response.once('close', () => {
    clearTimeout(timer);
    done(bytes);
  });
}
