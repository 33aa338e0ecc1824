import type { Readable } from 'node:stream';
import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { createTransport, type NodemailerError, type SendMailOptions } from 'nodemailer';
import type { AppConfig } from '../../config/app-config.js';
import { InjectConfig } from '../../config/inject-config.js';
import type {
  ChannelResult,
  DeliveryChannel,
  OutgoingMessage,
  Reconciliation,
  SendOptions,
} from './delivery-channel.js';
import { isPlainAddress, mailOptionsOf } from './mail-options.js';
import { decideSmtpFailure, queueReferenceIn } from './smtp-outcome.js';

/** Hands messages to the SMTP server of `SMTP_URL` over a pool of connections. */
@Injectable()
export class SmtpChannel implements DeliveryChannel, OnApplicationShutdown {
  readonly name = 'smtp';

  private readonly transporter: ReturnType<typeof connectPool> | undefined;

  constructor(@InjectConfig('delivery') config: AppConfig['delivery']) {
    this.transporter = config.smtpUrl === undefined ? undefined : connectPool(config.smtpUrl, config);
  }

  /** SMTP has no question "did you take this message?". */
  async reconcile(): Promise<Reconciliation> {
    return 'unknown';
  }

  async send(message: OutgoingMessage, { signal }: SendOptions): Promise<ChannelResult> {
    if (!this.transporter) return refused('SMTP is not configured');
    if (!isPlainAddress(message.to.address)) return refused('The recipient address is not usable');
    if (!isPlainAddress(message.from.address)) return refused('The sender address is not usable');
    const streams: Readable[] = [];
    const mail: WatchedMail = {
      ...mailOptionsOf(message),
      signal,
      onMessageStream: (stream) => streams.push(stream),
    };
    try {
      const info = await this.transporter.sendMail(mail);
      return { status: 'sent', reference: queueReferenceIn(info.response) };
    } catch (error) {
      // The message is read only after the server has answered DATA with 354, so an unread one never left.
      const begun = streams.some((stream) => stream.readableDidRead);
      return decideSmtpFailure(error as NodemailerError, begun);
    }
  }

  onApplicationShutdown(): void {
    this.transporter?.close({ force: true });
  }
}

/** Mail data that also tells who wants to see the stream the message leaves by. */
interface WatchedMail extends SendMailOptions {
  readonly onMessageStream?: (stream: Readable) => void;
}

function connectPool(url: string, config: AppConfig['delivery']) {
  const transporter = createTransport({
    url,
    pool: true,
    // One for each message that can be under way: waiting for a connection would eat into its time limit.
    maxConnections: config.concurrency * config.concurrentRuns,
    // A connection that the server had closed while it was idle is replaced once; nothing was sent over it.
    maxRequeues: 1,
    connectionTimeout: config.timeoutMs,
    greetingTimeout: config.timeoutMs,
    socketTimeout: config.timeoutMs,
    dnsTimeout: config.timeoutMs,
  });
  transporter.use('stream', (mail, done) => {
    const { message } = mail;
    const { onMessageStream } = mail.data as WatchedMail;
    if (message && onMessageStream) {
      const createReadStream = message.createReadStream.bind(message);
      message.createReadStream = (options) => {
        const stream = createReadStream(options);
        onMessageStream(stream);
        return stream;
      };
    }
    done();
  });
  return transporter;
}

function refused(reason: string): ChannelResult {
  return { status: 'failed', retryable: false, reason };
}
