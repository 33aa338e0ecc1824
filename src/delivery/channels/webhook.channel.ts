import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { isIP, type Socket } from 'node:net';
import { Inject, Injectable } from '@nestjs/common';
import type { AppConfig } from '../../config/app-config.js';
import { InjectConfig } from '../../config/inject-config.js';
import { CLOCK, type Clock } from '../../kernel/clock.js';
import type {
  ChannelResult,
  DeliveryChannel,
  OutgoingMessage,
  Reconciliation,
  SendOptions,
} from './delivery-channel.js';
import { isPublicAddress, publicLookup } from './public-address.js';
import { decideByFault, decideByStatus } from './webhook-outcome.js';

/** Posts each message as JSON to the URL the run names. */
@Injectable()
export class WebhookChannel implements DeliveryChannel {
  readonly name = 'webhook';

  protected readonly lookup = publicLookup();

  constructor(
    @InjectConfig('delivery') private readonly config: AppConfig['delivery'],
    @InjectConfig('instance') private readonly instance: AppConfig['instance'],
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** What a receiver did with a request whose answer was lost, only the receiver knows. */
  async reconcile(): Promise<Reconciliation> {
    return 'unknown';
  }

  async send(message: OutgoingMessage, { signal, url }: SendOptions): Promise<ChannelResult> {
    const target = this.checkTarget(url);
    if ('status' in target) return target;
    if (signal.aborted) return decideByFault('ABORT_ERR', false);
    return this.post(target, bodyOf(message), message.idempotencyKey, signal);
  }

  private checkTarget(text: string | undefined): URL | ChannelResult {
    if (text === undefined) return refused('The run names no webhook URL');
    const url = URL.parse(text);
    if (!url || (url.protocol !== 'https:' && url.protocol !== 'http:'))
      return refused('The webhook URL is not usable');
    if (url.username || url.password) return refused('The webhook URL must not carry credentials');
    const allowPrivate = this.config.webhookAllowPrivate;
    if (url.protocol === 'http:' && this.instance.environment !== 'development' && !allowPrivate) {
      return refused('The webhook URL must begin with https://');
    }
    // A literal address is never looked up, so it is checked here.
    const literal = url.hostname.replace(/^\[(.*)\]$/, '$1');
    if (isIP(literal) && !allowPrivate && !isPublicAddress(literal))
      return decideByFault('PRIVATE_ADDRESS', false);
    return url;
  }

  private post(url: URL, body: Buffer, idempotencyKey: string, signal: AbortSignal): Promise<ChannelResult> {
    const send = url.protocol === 'https:' ? requestHttps : requestHttp;
    return new Promise((settle) => {
      let begun = false;
      const request = send(url, {
        method: 'POST',
        // A fresh connection each time: one kept alive may die just as the request is written, and then nobody knows.
        agent: false,
        lookup: this.config.webhookAllowPrivate ? undefined : this.lookup,
        signal: AbortSignal.any([signal, AbortSignal.timeout(this.config.timeoutMs)]),
        headers: {
          'content-type': 'application/json',
          'content-length': body.length,
          'user-agent': `countersign/${this.instance.version}`,
          'webhook-id': idempotencyKey,
          'webhook-timestamp': String(Math.floor(this.clock.now().getTime() / 1_000)),
        },
      });
      // Node writes nothing of a request before the socket, TLS included, stands.
      request.once('socket', (socket: Socket) => {
        begun = !socket.connecting && !socket.destroyed;
        socket.once(url.protocol === 'https:' ? 'secureConnect' : 'connect', () => {
          begun = true;
        });
      });
      request.once('response', (response) => {
        settle(decideByStatus(response.statusCode ?? 0));
        // The answer's text says nothing the status does not; reading it would only let it grow.
        response.destroy();
      });
      // Stays for good: tearing the answer down reports a fault that no longer matters.
      request.on('error', (error: NodeJS.ErrnoException) => settle(decideByFault(error.code, begun)));
      request.end(body);
    });
  }
}

function bodyOf({ messageId, runId, index, from, to, subject, text }: OutgoingMessage): Buffer {
  return Buffer.from(
    JSON.stringify({ type: 'email', data: { messageId, runId, index, from, to, subject, text } }),
    'utf8',
  );
}

function refused(reason: string): ChannelResult {
  return { status: 'failed', retryable: false, reason };
}
