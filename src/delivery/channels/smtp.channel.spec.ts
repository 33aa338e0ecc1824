import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import PostalMime from 'postal-mime';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import { afterEach, describe, expect, it } from 'vitest';
import type { AppConfig } from '../../config/app-config.js';
import { configSchema } from '../../config/config.schema.js';
import { outgoingMessage } from '../../../test/harness/outgoing-message.fake.js';
import { SmtpChannel } from './smtp.channel.js';

describe('SmtpChannel', () => {
  const signal = new AbortController().signal;
  const closers: (() => Promise<void> | void)[] = [];

  afterEach(async () => {
    for (const close of closers.splice(0).reverse()) await close();
  });

  async function listen(options: SMTPServerOptions): Promise<string> {
    const server = new SMTPServer({
      authOptional: true,
      disabledCommands: ['STARTTLS'],
      closeTimeout: 10,
      ...options,
    });
    server.on('error', () => undefined);
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    closers.push(() => new Promise<void>((done) => server.close(() => done())));
    return `smtp://127.0.0.1:${(server.server.address() as AddressInfo).port}`;
  }

  function channelTo(
    smtpUrl: string | undefined,
    settings: Partial<AppConfig['delivery']> = {},
  ): SmtpChannel {
    const delivery = configSchema.shape.delivery.parse({ smtpUrl, timeoutMs: 5_000 });
    const channel = new SmtpChannel({ ...delivery, ...settings });
    closers.push(() => channel.onApplicationShutdown());
    return channel;
  }

  /** A mail server in plain sockets, for what a well-behaved one never does. */
  async function script(onLine: (line: string, socket: Socket) => void): Promise<string> {
    const sockets = new Set<Socket>();
    const server: Server = createServer((socket) => {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.write('220 test ESMTP\r\n');
      let rest = '';
      socket.on('data', (chunk) => {
        const lines = (rest + chunk.toString('latin1')).split('\r\n');
        rest = lines.pop() ?? '';
        for (const line of lines) onLine(line, socket);
      });
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    closers.push(() => {
      for (const socket of sockets) socket.destroy();
      server.close();
    });
    return `smtp://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  it('a message arrives whole, with its own Message-ID and only its recipient', async () => {
    const received: { content: string; to: string[]; from: string | undefined }[] = [];
    const url = await listen({
      onData(stream, session, done) {
        const chunks: Buffer[] = [];
        stream.on('data', (chunk: Buffer) => chunks.push(chunk));
        stream.on('end', () => {
          const { mailFrom, rcptTo } = session.envelope;
          received.push({
            content: Buffer.concat(chunks).toString('utf8'),
            to: rcptTo.map(({ address }) => address),
            from: mailFrom ? mailFrom.address : undefined,
          });
          done(null, 'Ok: queued as 4F1A2B3C');
        });
      },
    });
    const message = outgoingMessage({ subject: 'Grüße', text: '.\nA line that is only a dot\n..\n' });

    const result = await channelTo(url).send(message, { signal });

    expect(result).toEqual({ status: 'sent', reference: '4F1A2B3C' });
    expect(received).toHaveLength(1);
    expect(received[0]).toMatchObject({ from: 'renewals@example.com', to: ['ada@example.org'] });
    const mail = await PostalMime.parse(received[0]?.content ?? '');
    expect(mail).toMatchObject({ subject: 'Grüße', messageId: message.messageId });
    expect(mail.text?.trimEnd()).toBe(message.text.trimEnd());
  });

  it.each([
    [550, false],
    [552, false],
    [451, true],
    [421, true],
  ])('a recipient refused with %i is failed, retryable: %s', async (responseCode, retryable) => {
    const url = await listen({
      onRcptTo: (_address, _session, done) => done(Object.assign(new Error('no'), { responseCode })),
    });

    const result = await channelTo(url).send(outgoingMessage(), { signal });

    expect(result).toMatchObject({ status: 'failed', retryable });
    expect(JSON.stringify(result)).not.toContain('ada@example.org');
  });

  it.each([
    [554, false],
    [452, true],
  ])('a message refused after DATA with %i was not taken, retryable: %s', async (responseCode, retryable) => {
    const url = await listen({
      onData(stream, _session, done) {
        stream.resume();
        stream.on('end', () =>
          done(Object.assign(new Error('ada@example.org is on a list'), { responseCode })),
        );
      },
    });

    const result = await channelTo(url).send(outgoingMessage(), { signal });

    expect(result).toMatchObject({ status: 'failed', retryable });
    expect(JSON.stringify(result)).not.toContain('ada@example.org');
  });

  it('a server that is down is a failure worth another attempt', async () => {
    const url = await script(() => undefined);
    for (const close of closers.splice(0)) await close();

    expect(await channelTo(url).send(outgoingMessage(), { signal })).toMatchObject({
      status: 'failed',
      retryable: true,
    });
  });

  it('a server that hangs up before DATA has not taken the message', async () => {
    const url = await script((line, socket) => {
      if (/^(EHLO|MAIL)/.test(line)) socket.write('250 ok\r\n');
      else socket.destroy();
    });

    expect(await channelTo(url).send(outgoingMessage(), { signal })).toMatchObject({
      status: 'failed',
      retryable: true,
    });
  });

  it('a server that never greets has not taken the message', async () => {
    const server = createServer();
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    closers.push(() => void server.close());
    const sockets: Socket[] = [];
    server.on('connection', (socket) => sockets.push(socket));
    closers.push(() => sockets.forEach((socket) => socket.destroy()));

    const channel = channelTo(`smtp://127.0.0.1:${(server.address() as AddressInfo).port}`, {
      timeoutMs: 150,
    });

    expect(await channel.send(outgoingMessage(), { signal })).toMatchObject({
      status: 'failed',
      retryable: true,
    });
  });

  it('silence after the message was sent is uncertain', async () => {
    const taken: string[] = [];
    const url = await listen({
      onData(stream) {
        stream.on('data', (chunk: Buffer) => taken.push(chunk.toString()));
      },
    });

    const result = await channelTo(url, { timeoutMs: 200 }).send(outgoingMessage(), { signal });

    expect(result).toMatchObject({ status: 'uncertain' });
    expect(taken.join('')).toContain('your plan ends soon');
  });

  it('a connection lost after the message was sent is uncertain and is not tried again in silence', async () => {
    let messages = 0;
    const url = await script((line, socket) => {
      if (/^(EHLO|MAIL|RCPT)/.test(line)) socket.write('250 ok\r\n');
      else if (line === 'DATA') socket.write('354 go on\r\n');
      else if (line === '.') {
        messages += 1;
        socket.destroy();
      }
    });

    expect(await channelTo(url).send(outgoingMessage(), { signal })).toMatchObject({ status: 'uncertain' });
    expect(messages).toBe(1);
  });

  it('a delivery stopped while the server is thinking about the message is uncertain', async () => {
    const stop = new AbortController();
    const url = await listen({
      onData(stream) {
        stream.resume();
        stream.on('end', () => stop.abort());
      },
    });

    expect(await channelTo(url).send(outgoingMessage(), { signal: stop.signal })).toMatchObject({
      status: 'uncertain',
    });
  });

  it('a delivery stopped before it began is not made', async () => {
    const url = await script(() => undefined);

    const result = await channelTo(url).send(outgoingMessage(), { signal: AbortSignal.abort() });

    expect(result).toMatchObject({ status: 'failed', retryable: true });
  });

  it('wrong credentials are a failure for good', async () => {
    const url = await listen({
      authOptional: false,
      onAuth: (_auth, _session, done) => done(new Error('no')),
    });

    const channel = channelTo(url.replace('smtp://', 'smtp://user:wrong@'));

    expect(await channel.send(outgoingMessage(), { signal })).toMatchObject({
      status: 'failed',
      retryable: false,
    });
  });

  it('one bad recipient does not cost the next one the connection', async () => {
    const url = await listen({
      onRcptTo: ({ address }, _session, done) =>
        done(address.startsWith('bad') ? Object.assign(new Error('no'), { responseCode: 550 }) : null),
      onData(stream, _session, done) {
        stream.resume();
        stream.on('end', () => done());
      },
    });
    const channel = channelTo(url, { concurrency: 1 });

    const results = await Promise.all(
      ['ok1@example.org', 'bad@example.org', 'ok2@example.org'].map((address) =>
        channel.send(outgoingMessage({ to: { name: 'Ada', address } }), { signal }),
      ),
    );

    expect(results.map(({ status }) => status)).toEqual(['sent', 'failed', 'sent']);
  });

  it('without SMTP_URL every message fails for good', async () => {
    expect(await channelTo(undefined).send(outgoingMessage(), { signal })).toEqual({
      status: 'failed',
      retryable: false,
      reason: 'SMTP is not configured',
    });
  });

  it('what became of an unrecorded hand-over is unknown', async () => {
    expect(await channelTo(undefined).reconcile()).toBe('unknown');
  });
});
