import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import type { Environment } from '../../config/app-config.js';
import { configSchema } from '../../config/config.schema.js';
import { FakeClock } from '../../../test/harness/clock.fake.js';
import type { OutgoingMessage } from './delivery-channel.js';
import { outgoingMessage } from '../../../test/harness/outgoing-message.fake.js';
import { publicLookup } from '../../http/outbound/public-address.js';
import { WebhookChannel } from './webhook.channel.js';

interface Setup {
  readonly environment?: Environment;
  readonly allowPrivate?: boolean;
  readonly timeoutMs?: number;
  readonly channel?: typeof WebhookChannel;
}

describe('WebhookChannel', () => {
  const signal = new AbortController().signal;
  const closers: (() => void)[] = [];

  afterEach(() => {
    for (const close of closers.splice(0)) close();
  });

  async function listen(
    handle: (request: IncomingMessage, response: ServerResponse, body: string) => void,
  ): Promise<string> {
    const server: Server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => handle(request, response, Buffer.concat(chunks).toString()));
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    closers.push(() => {
      server.closeAllConnections();
      server.close();
    });
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`;
  }

  const post = (url: string | undefined, setup: Setup = {}, message: OutgoingMessage = outgoingMessage()) =>
    channelOf(setup).send(message, { signal, url });

  it('posts the message as JSON under the Standard Webhooks headers', async () => {
    const received: { request: IncomingMessage; body: unknown }[] = [];
    const url = await listen((request, response, body) => {
      received.push({ request, body: JSON.parse(body) });
      response.writeHead(202).end();
    });
    const message = outgoingMessage({ subject: 'Grüße' });

    expect(await post(url, { allowPrivate: true }, message)).toEqual({
      status: 'sent',
      reference: 'HTTP 202',
    });

    expect(received).toHaveLength(1);
    const { runId, index, messageId, from, to, subject, text } = message;
    expect(received[0]?.body).toEqual({
      type: 'email',
      data: { messageId, runId, index, from, to, subject, text },
    });
    expect(received[0]?.request).toMatchObject({
      method: 'POST',
      url: '/hook',
      headers: {
        'content-type': 'application/json',
        'webhook-id': message.idempotencyKey,
        'webhook-timestamp': '1772600767',
      },
    });
  });

  it.each([
    [400, { status: 'failed', retryable: false }],
    [404, { status: 'failed', retryable: false }],
    [410, { status: 'failed', retryable: false }],
    [408, { status: 'failed', retryable: true }],
    [429, { status: 'failed', retryable: true }],
    [503, { status: 'failed', retryable: true }],
    [500, { status: 'uncertain' }],
    [502, { status: 'uncertain' }],
    [504, { status: 'uncertain' }],
  ])('HTTP %i is %j', async (status, expected) => {
    const url = await listen((_request, response) => response.writeHead(status).end('ada@example.org'));

    const result = await post(url, { allowPrivate: true });

    expect(result).toMatchObject(expected);
    expect(JSON.stringify(result)).not.toContain('ada@example.org');
  });

  it('a redirect is not followed', async () => {
    const paths: (string | undefined)[] = [];
    const url = await listen((request, response) => {
      paths.push(request.url);
      response.writeHead(307, { location: '/elsewhere' }).end();
    });

    expect(await post(url, { allowPrivate: true })).toMatchObject({ status: 'failed', retryable: false });
    expect(paths).toEqual(['/hook']);
  });

  it('a receiver that is down is a failure worth another attempt', async () => {
    const url = await listen(() => undefined);
    for (const close of closers.splice(0)) close();

    expect(await post(url, { allowPrivate: true })).toMatchObject({ status: 'failed', retryable: true });
  });

  it('a connection lost after the request was written is uncertain', async () => {
    const url = await listen((request) => request.socket.destroy());

    expect(await post(url, { allowPrivate: true })).toMatchObject({ status: 'uncertain' });
  });

  it('a receiver that takes the request and never answers is uncertain', async () => {
    const url = await listen(() => undefined);

    expect(await post(url, { allowPrivate: true, timeoutMs: 150 })).toMatchObject({ status: 'uncertain' });
  });

  it('a TLS handshake that fails has not taken the message', async () => {
    const server = createTcpServer((socket) => socket.end('not TLS'));
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    closers.push(() => void server.close());

    const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}/`;

    expect(await post(url, { allowPrivate: true })).toMatchObject({ status: 'failed', retryable: true });
  });

  it('a delivery stopped before it began is not made', async () => {
    let requests = 0;
    const url = await listen(() => void (requests += 1));

    const result = await channelOf({ allowPrivate: true }).send(outgoingMessage(), {
      signal: AbortSignal.abort(),
      url,
    });

    expect(result).toMatchObject({ status: 'failed', retryable: true });
    expect(requests).toBe(0);
  });

  it.each([
    'https://127.0.0.1/',
    'https://[::1]/',
    'https://[::ffff:127.0.0.1]/',
    'https://169.254.169.254/latest/meta-data',
    'https://2130706433/',
    'https://0x7f.1/',
    'https://10.1.2.3:8443/',
  ])('%s is refused, whatever listens there', async (url) => {
    expect(await post(url)).toEqual({
      status: 'failed',
      retryable: false,
      reason: 'The webhook URL does not lead to the public internet',
    });
  });

  it('a name that leads to a private address is refused before anything is sent', async () => {
    let requests = 0;
    const url = new URL(await listen(() => void (requests += 1)));

    const result = await post(`http://hooks.example.com:${url.port}/hook`, {
      environment: 'development',
      channel: LoopbackChannel,
    });

    expect(result).toMatchObject({ status: 'failed', retryable: false });
    expect(requests).toBe(0);
  });

  it.each([
    [undefined, 'names no webhook URL'],
    ['not a url', 'not usable'],
    ['file:///etc/passwd', 'not usable'],
    ['https://user:secret@hooks.example.com/', 'credentials'],
    ['http://hooks.example.com/', 'https://'],
  ])('%s is refused for good', async (url, reason) => {
    const result = await post(url);

    expect(result).toMatchObject({
      status: 'failed',
      retryable: false,
      reason: expect.stringContaining(reason),
    });
  });

  it('what became of an unrecorded hand-over is unknown', async () => {
    expect(await channelOf().reconcile()).toBe('unknown');
  });
});

function channelOf({
  environment = 'production',
  allowPrivate = false,
  timeoutMs = 5_000,
  channel: Channel = WebhookChannel,
}: Setup = {}) {
  const delivery = configSchema.shape.delivery.parse({ webhookAllowPrivate: allowPrivate, timeoutMs });
  const instance = { environment, configDir: '', dataDir: '', version: '1.2.3' };
  return new Channel(delivery, instance, new FakeClock(new Date('2026-03-04T05:06:07.800Z')));
}

/** For it every name leads to this machine. */
class LoopbackChannel extends WebhookChannel {
  protected override readonly lookup = publicLookup((_hostname, done) =>
    done(null, [{ address: '127.0.0.1', family: 4 }]),
  );
}
