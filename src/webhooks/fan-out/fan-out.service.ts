import { Inject, Injectable } from '@nestjs/common';
import type { AppConfig } from '../../config/app-config.js';
import { InjectConfig } from '../../config/inject-config.js';
import { DatabaseService } from '../../database/database.service.js';
import type { Trx } from '../../database/trx.js';
import { CLOCK, type Clock } from '../../kernel/clock.js';
import { CommittedEvents, type CommittedEvent } from '../../workflow/events/committed-events.service.js';
import { TurnRepository } from '../delivery/turn.repository.js';
import { WebhookDeliveryRepository } from '../delivery/webhook-delivery.repository.js';
import { type Endpoint, wants } from '../endpoints/endpoint.js';
import { EndpointRepository } from '../endpoints/endpoint.repository.js';
import { messageOf } from '../message.js';
import { CursorRepository } from './cursor.repository.js';

/** Events handed out in one transaction. */
const BATCH = 500;
const DAY_MS = 86_400_000;

/** What a look has found. */
export interface News {
  /** Whether any tenant has an endpoint at all. */
  readonly hasEndpoints: boolean;
  /** Tenants with endpoints and with events for them. */
  readonly tenants: readonly string[];
}

/**
 * Hands events out to the endpoints that want them. Messages, deliveries and the position reached commit together:
 * whatever dies in between, the next one goes on where nothing is missing.
 */
@Injectable()
export class FanOut {
  constructor(
    private readonly database: DatabaseService,
    private readonly cursors: CursorRepository,
    private readonly events: CommittedEvents,
    private readonly endpoints: EndpointRepository,
    private readonly deliveries: WebhookDeliveryRepository,
    private readonly turns: TurnRepository,
    @InjectConfig('webhooks') private readonly config: AppConfig['webhooks'],
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Looks for events that were not handed out yet. */
  look(): Promise<News> {
    return this.database.withSystem(async (trx) => {
      const cursors = await this.cursors.all(trx);
      const hasEndpoints = cursors.length > 0;
      return { hasEndpoints, tenants: hasEndpoints ? await this.events.tenantsWithNews(trx, cursors) : [] };
    });
  }

  /** Hands out the next events of a tenant. @returns whether there are more. */
  async handOut(tenantId: string): Promise<boolean> {
    return this.database.withTenant(tenantId, async (trx) => {
      const cursor = await this.cursors.lockIfFree(trx, tenantId);
      if (!cursor) return false;
      const now = this.clock.now();
      // Before the endpoints: one that was enabled before an event was committed is then seen whenever the event is.
      const horizon = await this.events.horizon(trx);
      const endpoints = await this.endpoints.enabled(trx);
      if (endpoints.length === 0) {
        await this.cursors.move(trx, tenantId, this.events.startingAt(horizon), now);
        return false;
      }
      const stretch = await this.events.read(trx, tenantId, cursor, cursor.movedAt, horizon, BATCH);
      await this.tell(trx, tenantId, stretch.events, endpoints, now);
      await this.cursors.move(trx, tenantId, stretch.next, now);
      return !stretch.isLast;
    });
  }

  private async tell(
    trx: Trx,
    tenantId: string,
    events: readonly CommittedEvent[],
    endpoints: readonly Endpoint[],
    now: Date,
  ): Promise<void> {
    // Older than the log remembers: nobody could tell any more whether it was told.
    const oldest = new Date(now.getTime() - this.config.retentionDays * DAY_MS);
    const told = events
      .filter((event) => event.createdAt >= oldest)
      .map((event) => ({
        message: messageOf(event),
        to: endpoints.filter((endpoint) => wants(endpoint, event)),
      }))
      .filter(({ to }) => to.length > 0);
    if (told.length === 0) return;
    const messages = told.map(({ message }) => message);
    await this.deliveries.insertMessages(trx, tenantId, messages, now);
    const pairs = told.flatMap(({ message, to }) =>
      to.map((endpoint) => ({ endpointId: endpoint.id, messageId: message.id })),
    );
    await this.deliveries.insert(trx, tenantId, pairs, now);
    await this.turns.wake(trx, [...new Set(pairs.map(({ endpointId }) => endpointId))]);
  }
}
