import { Inject, Injectable } from '@nestjs/common';
import type { Principal } from '../../auth/principal.js';
import { AuditTrail } from '../../compliance/audit/audit-trail.service.js';
import { DatabaseService } from '../../database/database.service.js';
import type { Trx } from '../../database/trx.js';
import { AppError } from '../../kernel/app-error.js';
import { CLOCK, type Clock } from '../../kernel/clock.js';
import { isId, newId } from '../../kernel/ids.js';
import { EndpointRepository } from '../endpoints/endpoint.repository.js';
import { testMessage } from '../message.js';
import { TurnRepository } from './turn.repository.js';
import {
  type Delivery,
  type DeliveryStatus,
  WebhookDeliveryRepository,
} from './webhook-delivery.repository.js';

/** What was and is to be delivered to an endpoint, and deliveries that people ask for. */
@Injectable()
export class DeliveryLog {
  constructor(
    private readonly database: DatabaseService,
    private readonly endpoints: EndpointRepository,
    private readonly deliveries: WebhookDeliveryRepository,
    private readonly turns: TurnRepository,
    private readonly audit: AuditTrail,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Newest first. @throws AppError WEBHOOK_NOT_FOUND. */
  list(
    { tenantId }: Principal,
    endpointId: string,
    status: DeliveryStatus | undefined,
    limit: number,
    before: string | undefined,
  ): Promise<Delivery[]> {
    return this.database.withTenant(tenantId, async (trx) => {
      if (!isId(endpointId) || !(await this.endpoints.find(trx, endpointId))) {
        throw new AppError('WEBHOOK_NOT_FOUND');
      }
      return this.deliveries.list(trx, endpointId, status, limit, before);
    });
  }

  /**
   * Puts a test message on its way.
   *
   * @param settle work that has to commit together with it.
   * @throws AppError WEBHOOK_NOT_FOUND, WEBHOOK_DISABLED.
   */
  test(
    principal: Principal,
    requestId: string,
    endpointId: string,
    settle: (trx: Trx, delivery: Delivery) => Promise<void>,
  ): Promise<Delivery> {
    const { tenantId } = principal;
    return this.database.withTenant(tenantId, async (trx) => {
      await this.lockEnabled(trx, endpointId);
      const now = this.clock.now();
      const message = testMessage(newId(), endpointId, now);
      await this.deliveries.insertMessages(trx, tenantId, [message], now);
      const [id = ''] = await this.deliveries.insert(
        trx,
        tenantId,
        [{ endpointId, messageId: message.id }],
        now,
      );
      return this.send(trx, principal, requestId, 'webhook.tested', endpointId, id, settle);
    });
  }

  /**
   * Sends a message once more, with a whole schedule of attempts, whatever became of it before.
   *
   * @param settle work that has to commit together with it.
   * @throws AppError WEBHOOK_NOT_FOUND, WEBHOOK_DELIVERY_NOT_FOUND, WEBHOOK_DISABLED.
   */
  redeliver(
    principal: Principal,
    requestId: string,
    endpointId: string,
    deliveryId: string,
    settle: (trx: Trx, delivery: Delivery) => Promise<void>,
  ): Promise<Delivery> {
    return this.database.withTenant(principal.tenantId, async (trx) => {
      await this.lockEnabled(trx, endpointId);
      if (!isId(deliveryId) || !(await this.deliveries.find(trx, endpointId, deliveryId))) {
        throw new AppError('WEBHOOK_DELIVERY_NOT_FOUND');
      }
      await this.deliveries.restart(trx, deliveryId);
      return this.send(trx, principal, requestId, 'webhook.redelivered', endpointId, deliveryId, settle);
    });
  }

  private async lockEnabled(trx: Trx, endpointId: string): Promise<void> {
    const endpoint = isId(endpointId) ? await this.endpoints.lock(trx, endpointId) : undefined;
    if (!endpoint) throw new AppError('WEBHOOK_NOT_FOUND');
    if (endpoint.disabledReason !== null) throw new AppError('WEBHOOK_DISABLED');
  }

  private async send(
    trx: Trx,
    principal: Principal,
    requestId: string,
    type: 'webhook.tested' | 'webhook.redelivered',
    endpointId: string,
    deliveryId: string,
    settle: (trx: Trx, delivery: Delivery) => Promise<void>,
  ): Promise<Delivery> {
    await this.turns.wake(trx, [endpointId]);
    await this.audit.append(trx, principal.tenantId, {
      type,
      outcome: 'success',
      actor: { type: 'apiKey', ref: principal.id },
      targets: [
        { type: 'webhook', ref: endpointId },
        { type: 'webhook_delivery', ref: deliveryId },
      ],
      context: { requestId },
    });
    const delivery = await this.deliveries.find(trx, endpointId, deliveryId);
    if (!delivery) throw new AppError('WEBHOOK_DELIVERY_NOT_FOUND');
    await settle(trx, delivery);
    return delivery;
  }
}
