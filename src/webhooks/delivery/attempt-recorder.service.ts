import { Inject, Injectable } from '@nestjs/common';
import { AuditTrail } from '../../compliance/audit/audit-trail.service.js';
import type { AppConfig } from '../../config/app-config.js';
import { InjectConfig } from '../../config/inject-config.js';
import { DatabaseService } from '../../database/database.service.js';
import type { Trx } from '../../database/trx.js';
import { CLOCK, type Clock } from '../../kernel/clock.js';
import { Metrics } from '../../observability/metrics.js';
import type { Endpoint } from '../endpoints/endpoint.js';
import { EndpointRepository } from '../endpoints/endpoint.repository.js';
import { WEBHOOK_ACTOR } from '../webhook-actor.js';
import { retryDelay } from './retry-schedule.js';
import {
  type Delivery,
  type LoggedAttempt,
  type Settlement,
  WebhookDeliveryRepository,
} from './webhook-delivery.repository.js';

/** Attempts that a delivery keeps; the whole schedule twice over. */
const LOGGED_ATTEMPTS = 20;
const HOUR_MS = 3_600_000;
const GONE = 410;

/** Keeps what came of an attempt, and disables an endpoint that is gone or has failed for too long. */
@Injectable()
export class AttemptRecorder {
  constructor(
    private readonly database: DatabaseService,
    private readonly endpoints: EndpointRepository,
    private readonly deliveries: WebhookDeliveryRepository,
    private readonly audit: AuditTrail,
    private readonly metrics: Metrics,
    @InjectConfig('webhooks') private readonly config: AppConfig['webhooks'],
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** @returns whether the endpoint may be told more. */
  async record(endpoint: Endpoint, delivery: Delivery, attempt: LoggedAttempt): Promise<boolean> {
    const now = this.clock.now();
    const settlement = this.settlementOf(delivery, attempt);
    const isEnabled = await this.database.withTenant(endpoint.tenantId, async (trx) => {
      // The endpoint before the delivery, as everywhere: two that lock in another order could wait for each other.
      const goesOn =
        settlement.status === 'succeeded'
          ? await this.noteSuccess(trx, endpoint)
          : await this.noteFailure(trx, endpoint, attempt, now);
      const isKept = await this.deliveries.settle(trx, delivery, settlement, now);
      if (isKept && settlement.status !== 'pending') {
        await this.noteSettled(trx, endpoint, delivery, settlement.status, attempt);
      }
      return goesOn;
    });
    this.metrics.webhookAttempted(settlement.status === 'pending' ? 'retrying' : settlement.status);
    return isEnabled;
  }

  private settlementOf(delivery: Delivery, attempt: LoggedAttempt): Settlement {
    const log = [...delivery.log, attempt].slice(-LOGGED_ATTEMPTS);
    if (isSuccess(attempt)) return { status: 'succeeded', delaySeconds: null, failures: 0, log };
    const failures = delivery.failures + 1;
    const delaySeconds =
      attempt.statusCode === GONE ? null : retryDelay(this.config.retryDelaysSeconds, failures);
    return { status: delaySeconds === null ? 'failed' : 'pending', delaySeconds, failures, log };
  }

  /** The message was handed out as a row that waits: that was the intent. */
  private async noteSettled(
    trx: Trx,
    endpoint: Endpoint,
    delivery: Delivery,
    status: 'succeeded' | 'failed',
    { statusCode }: LoggedAttempt,
  ): Promise<void> {
    const succeeded = status === 'succeeded';
    await this.audit.append(trx, endpoint.tenantId, {
      type: succeeded ? 'webhook.delivered' : 'webhook.undelivered',
      outcome: succeeded ? 'success' : 'failure',
      actor: WEBHOOK_ACTOR,
      targets: [
        { type: 'webhook', ref: endpoint.id },
        { type: 'webhook_delivery', ref: delivery.id },
        { type: 'webhook_message', ref: delivery.messageId },
      ],
      detail: { attempts: delivery.attempts + 1, ...(statusCode !== null && { statusCode }) },
    });
  }

  private async noteSuccess(trx: Trx, endpoint: Endpoint): Promise<true> {
    await this.endpoints.noteSuccess(trx, endpoint.id);
    return true;
  }

  private async noteFailure(
    trx: Trx,
    { tenantId, id }: Endpoint,
    attempt: LoggedAttempt,
    now: Date,
  ): Promise<boolean> {
    const failingSince = await this.endpoints.noteFailure(trx, id, now);
    const current = await this.endpoints.find(trx, id);
    if (!failingSince || !current || current.disabledReason !== null) return false;
    const isLost = now.getTime() - failingSince.getTime() >= this.config.disableAfterHours * HOUR_MS;
    if (attempt.statusCode !== GONE && !isLost) return true;
    const reason = attempt.statusCode === GONE ? 'gone' : 'failing';
    await this.endpoints.update(trx, id, { disabledReason: reason }, now);
    await this.audit.append(trx, tenantId, {
      type: 'webhook.disabled',
      outcome: 'success',
      actor: WEBHOOK_ACTOR,
      targets: [{ type: 'webhook', ref: id }],
      detail: { reason, failingSince: failingSince.toISOString() },
    });
    return false;
  }
}

function isSuccess({ statusCode }: LoggedAttempt): boolean {
  return statusCode !== null && statusCode >= 200 && statusCode < 300;
}
