import { Inject, Injectable } from '@nestjs/common';
import type { AppConfig } from '../../config/app-config.js';
import { InjectConfig } from '../../config/inject-config.js';
import { postOnce } from '../../http/outbound/outbound-post.js';
import { outboundTargetOf, type TargetFault } from '../../http/outbound/outbound-target.js';
import { publicLookup } from '../../http/outbound/public-address.js';
import { CLOCK, type Clock } from '../../kernel/clock.js';
import type {
  ChannelResult,
  DeliveryChannel,
  OutgoingMessage,
  Reconciliation,
  SendOptions,
} from './delivery-channel.js';
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
    const outcome = await postOnce(target, {
      body: bodyOf(message),
      headers: this.headersOf(message),
      lookup: this.config.webhookAllowPrivate ? undefined : this.lookup,
      signal: AbortSignal.any([signal, AbortSignal.timeout(this.config.timeoutMs)]),
    });
    return outcome.kind === 'answered'
      ? decideByStatus(outcome.status)
      : decideByFault(outcome.code, outcome.begun);
  }

  private checkTarget(text: string | undefined): URL | ChannelResult {
    if (text === undefined) return refused('The run names no webhook URL');
    const allowPrivate = this.config.webhookAllowPrivate;
    const allowHttp = this.instance.environment === 'development' || allowPrivate;
    const target = outboundTargetOf(text, { allowHttp, allowPrivate });
    if (target instanceof URL) return target;
    return target === 'private' ? decideByFault('PRIVATE_ADDRESS', false) : refused(REFUSALS[target]);
  }

  private headersOf({ idempotencyKey }: OutgoingMessage): Record<string, string> {
    return {
      'user-agent': `countersign/${this.instance.version}`,
      'webhook-id': idempotencyKey,
      'webhook-timestamp': String(Math.floor(this.clock.now().getTime() / 1_000)),
    };
  }
}

const REFUSALS: Readonly<Record<Exclude<TargetFault, 'private'>, string>> = {
  unusable: 'The webhook URL is not usable',
  credentials: 'The webhook URL must not carry credentials',
  insecure: 'The webhook URL must begin with https://',
};

function bodyOf({ messageId, runId, index, from, to, subject, text }: OutgoingMessage): Buffer {
  return Buffer.from(
    JSON.stringify({ type: 'email', data: { messageId, runId, index, from, to, subject, text } }),
    'utf8',
  );
}

function refused(reason: string): ChannelResult {
  return { status: 'failed', retryable: false, reason };
}
