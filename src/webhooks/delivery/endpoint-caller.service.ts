import { Inject, Injectable, Logger } from '@nestjs/common';
import type { AppConfig } from '../../config/app-config.js';
import { InjectConfig } from '../../config/inject-config.js';
import { type PostOutcome, postOnce } from '../../http/outbound/outbound-post.js';
import { outboundTargetOf } from '../../http/outbound/outbound-target.js';
import { publicLookup } from '../../http/outbound/public-address.js';
import { CLOCK, type Clock } from '../../kernel/clock.js';
import type { Endpoint, Secret } from '../endpoints/endpoint.js';
import { EndpointAddress } from '../endpoints/endpoint-address.service.js';
import { EndpointSeal } from '../endpoints/endpoint-seal.js';
import { signedHeaders } from './signature.js';
import type { DueDelivery, LoggedAttempt } from './webhook-delivery.repository.js';

/** An endpoint as it is served: its secrets are those valid now. */
export interface ServedEndpoint extends Endpoint {
  readonly secrets: readonly Secret[];
}

/** Where to, and with what: opened once for the deliveries of a batch. */
interface Opened {
  readonly url: URL;
  readonly secrets: readonly string[];
}

/** Sends one delivery once and says what came of it. Redirects are not followed, and answers are not read. */
@Injectable()
export class EndpointCaller {
  protected readonly lookup = publicLookup();
  private readonly logger = new Logger(EndpointCaller.name);

  constructor(
    private readonly seal: EndpointSeal,
    private readonly address: EndpointAddress,
    @InjectConfig('webhooks') private readonly config: AppConfig['webhooks'],
    @InjectConfig('instance') private readonly instance: AppConfig['instance'],
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** @param signal stops the attempt from outside; what is given back then says nothing about the endpoint. */
  async attempt(
    endpoint: ServedEndpoint,
    delivery: DueDelivery,
    signal: AbortSignal,
  ): Promise<LoggedAttempt> {
    const at = this.clock.now();
    const startedAt = performance.now();
    const opened = this.open(endpoint);
    const outcome =
      typeof opened === 'string' ? fault(opened) : await this.post(opened, delivery, at, signal);
    return {
      at: at.toISOString(),
      durationMs: Math.round(performance.now() - startedAt),
      statusCode: outcome.kind === 'answered' ? outcome.status : null,
      responseBytes: outcome.kind === 'answered' ? outcome.responseBytes : null,
      error: outcome.kind === 'answered' ? null : sayableCode(outcome.code),
    };
  }

  /** What cannot be signed, or may not be called any more, is not sent. */
  private open(endpoint: ServedEndpoint): Opened | string {
    try {
      const secrets = endpoint.secrets.map((secret) => this.seal.openSecret(endpoint.tenantId, secret));
      const url = outboundTargetOf(this.seal.openUrl(endpoint), this.address.rules);
      if (secrets.length === 0) return 'SECRET_MISSING';
      return url instanceof URL ? { url, secrets } : REFUSED_TARGET[url];
    } catch (error) {
      this.logger.error({ event: 'webhooks.unsealing_failed', endpointId: endpoint.id, err: error });
      return 'SECRET_UNREADABLE';
    }
  }

  private post({ url, secrets }: Opened, delivery: DueDelivery, at: Date, signal: AbortSignal) {
    return postOnce(url, {
      body: Buffer.from(delivery.body, 'utf8'),
      headers: {
        'user-agent': `countersign/${this.instance.version}`,
        ...signedHeaders(delivery.messageId, delivery.body, secrets, at),
      },
      lookup: this.address.rules.allowPrivate ? undefined : this.lookup,
      signal: AbortSignal.any([signal, AbortSignal.timeout(this.config.timeoutMs)]),
    });
  }
}

const REFUSED_TARGET = {
  unusable: 'ADDRESS_REFUSED',
  credentials: 'ADDRESS_REFUSED',
  insecure: 'ADDRESS_REFUSED',
  private: 'PRIVATE_ADDRESS',
} as const;

function fault(code: string): PostOutcome {
  return { kind: 'fault', code, begun: false };
}

/** Codes of the system are upper case; anything else could be a text. */
function sayableCode(code: string | undefined): string {
  if (code === 'ABORT_ERR') return 'TIMEOUT';
  return code && /^[A-Z0-9_]{1,64}$/.test(code) ? code : 'UNKNOWN';
}
