import { Inject, Injectable } from '@nestjs/common';
import type { Principal } from '../../auth/principal.js';
import type { AuditEventType } from '../../compliance/audit/audit-event-types.js';
import type { AuditNote } from '../../compliance/audit/audit-leaf.js';
import { AuditTrail } from '../../compliance/audit/audit-trail.service.js';
import type { AppConfig } from '../../config/app-config.js';
import { InjectConfig } from '../../config/inject-config.js';
import { DatabaseService } from '../../database/database.service.js';
import type { Trx } from '../../database/trx.js';
import { AppError } from '../../kernel/app-error.js';
import { CLOCK, type Clock } from '../../kernel/clock.js';
import { isId, newId } from '../../kernel/ids.js';
import { CommittedEvents } from '../../workflow/events/committed-events.service.js';
import { TurnRepository } from '../delivery/turn.repository.js';
import { CursorRepository } from '../fan-out/cursor.repository.js';
import type { Endpoint, Secret } from './endpoint.js';
import { EndpointAddress } from './endpoint-address.service.js';
import { type EndpointChange, EndpointRepository } from './endpoint.repository.js';
import { EndpointSeal } from './endpoint-seal.js';
import { EndpointSecrets, type NewSecret } from './endpoint-secrets.service.js';
import { SecretRepository } from './secret.repository.js';

/** What the caller decides about an endpoint. */
export interface EndpointRequest {
  readonly url: string;
  readonly eventTypes: readonly string[];
  readonly description: string | null;
  readonly definition: string | null;
}

export type EndpointUpdate = Partial<EndpointRequest & { readonly enabled: boolean }>;

/** An endpoint as it is shown. */
export interface ShownEndpoint extends Endpoint {
  readonly url: string;
  readonly secrets: readonly Secret[];
}

/** An endpoint just made: the only time its secret is known. */
export interface CreatedEndpoint extends ShownEndpoint {
  readonly secret: string;
}

/** The webhook endpoints of a tenant. */
@Injectable()
export class EndpointRegistry {
  constructor(
    private readonly database: DatabaseService,
    private readonly endpoints: EndpointRepository,
    private readonly secrets: SecretRepository,
    private readonly endpointSecrets: EndpointSecrets,
    private readonly cursors: CursorRepository,
    private readonly turns: TurnRepository,
    private readonly events: CommittedEvents,
    private readonly address: EndpointAddress,
    private readonly seal: EndpointSeal,
    private readonly audit: AuditTrail,
    @InjectConfig('webhooks') private readonly config: AppConfig['webhooks'],
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * Makes an endpoint. It hears of what happens from now on.
   *
   * @param settle work that has to commit together with the endpoint.
   * @throws AppError VALIDATION_FAILED for an address that may not be called, WEBHOOK_LIMIT_REACHED.
   */
  async create(
    principal: Principal,
    requestId: string,
    request: EndpointRequest,
    settle: (trx: Trx, created: CreatedEndpoint) => Promise<void>,
  ): Promise<CreatedEndpoint> {
    await this.address.check(request.url);
    const { tenantId } = principal;
    const { endpoint, secret } = this.make(principal, request);
    const { sealed, plain } = secret;
    const created = { ...endpoint, url: request.url, secrets: [sealed], secret: plain };
    await this.database.withTenant(tenantId, async (trx) => {
      await this.lockEndpoints(trx, tenantId, endpoint.createdAt);
      if ((await this.endpoints.count(trx)) >= this.config.maxEndpoints) {
        throw new AppError('WEBHOOK_LIMIT_REACHED', {
          detail: `A tenant may have ${this.config.maxEndpoints} webhook endpoints.`,
        });
      }
      await this.endpoints.insert(trx, endpoint);
      await this.secrets.insert(trx, tenantId, sealed);
      const detail = { eventTypes: endpoint.eventTypes.join(',') };
      await this.record(trx, principal, requestId, endpoint.id, { type: 'webhook.created', detail });
      await settle(trx, created);
    });
    return created;
  }

  /** Newest first. */
  list(principal: Principal, limit: number, before: string | undefined): Promise<ShownEndpoint[]> {
    return this.database.withTenant(principal.tenantId, async (trx) =>
      this.show(trx, await this.endpoints.list(trx, limit, before)),
    );
  }

  /** @throws AppError WEBHOOK_NOT_FOUND, also for an endpoint of another tenant. */
  get(principal: Principal, id: string): Promise<ShownEndpoint> {
    return this.database.withTenant(principal.tenantId, async (trx) => {
      const endpoint = isId(id) ? await this.endpoints.find(trx, id) : undefined;
      return this.showOne(trx, found(endpoint));
    });
  }

  /**
   * Changes what is named. An endpoint that is enabled again gets what waited for it, but not what happened meanwhile.
   *
   * @throws AppError WEBHOOK_NOT_FOUND; VALIDATION_FAILED for an address that may not be called.
   */
  async update(
    principal: Principal,
    requestId: string,
    id: string,
    update: EndpointUpdate,
  ): Promise<ShownEndpoint> {
    if (update.url !== undefined) await this.address.check(update.url);
    return this.database.withTenant(principal.tenantId, async (trx) => {
      const endpoint = found(isId(id) ? await this.endpoints.lock(trx, id) : undefined);
      const fields = Object.keys(update);
      if (fields.length === 0) return this.showOne(trx, endpoint);
      await this.endpoints.update(trx, id, this.changeOf(endpoint, update), this.clock.now());
      if (update.enabled === true) await this.turns.wake(trx, [id]);
      const isStopped = update.enabled === false && endpoint.disabledReason === null;
      const detail = { fields: fields.join(',') };
      await this.record(
        trx,
        principal,
        requestId,
        id,
        isStopped
          ? { type: 'webhook.disabled', detail: { ...detail, reason: 'requested' } }
          : { type: 'webhook.updated', detail },
      );
      return this.showOne(trx, found(await this.endpoints.find(trx, id)));
    });
  }

  /** Deletes an endpoint with its secrets; what was on its way to it is not sent any more. */
  async delete(principal: Principal, requestId: string, id: string): Promise<void> {
    if (!isId(id)) throw new AppError('WEBHOOK_NOT_FOUND');
    const { tenantId } = principal;
    await this.database.withTenant(tenantId, async (trx) => {
      const now = this.clock.now();
      await this.lockEndpoints(trx, tenantId, now);
      found(await this.endpoints.lock(trx, id));
      await this.endpoints.markDeleted(trx, id, now);
      await this.secrets.deleteAll(trx, id);
      if ((await this.endpoints.count(trx)) === 0) await this.cursors.delete(trx, tenantId);
      await this.record(trx, principal, requestId, id, { type: 'webhook.deleted' });
    });
  }

  /** Endpoints of a tenant come and go one after the other; the first one begins to hear of what happens from now on. */
  private async lockEndpoints(trx: Trx, tenantId: string, now: Date): Promise<void> {
    const position = this.events.startingAt(await this.events.horizon(trx));
    await this.cursors.lockOrBegin(trx, tenantId, position, now);
  }

  private make(
    { id: createdBy, tenantId }: Principal,
    request: EndpointRequest,
  ): { endpoint: Endpoint; secret: NewSecret } {
    const id = newId();
    const now = this.clock.now();
    const endpoint: Endpoint = {
      id,
      tenantId,
      urlSealed: this.seal.sealUrl(tenantId, id, request.url),
      eventTypes: request.eventTypes,
      definition: request.definition,
      description: request.description,
      disabledReason: null,
      failingSince: null,
      createdBy,
      createdAt: now,
      updatedAt: now,
    };
    return { endpoint, secret: this.endpointSecrets.make(tenantId, id, now) };
  }

  private changeOf({ id, tenantId, disabledReason }: Endpoint, update: EndpointUpdate): EndpointChange {
    const { url, enabled, ...others } = update;
    return {
      ...others,
      ...(url !== undefined && { urlSealed: this.seal.sealUrl(tenantId, id, url) }),
      // Stopped already, it keeps the reason why.
      ...(enabled !== undefined && { disabledReason: enabled ? null : (disabledReason ?? 'requested') }),
    };
  }

  private async showOne(trx: Trx, endpoint: Endpoint): Promise<ShownEndpoint> {
    return (await this.show(trx, [endpoint]))[0] as ShownEndpoint;
  }

  private async show(trx: Trx, endpoints: readonly Endpoint[]): Promise<ShownEndpoint[]> {
    const ids = endpoints.map(({ id }) => id);
    const secrets = await this.secrets.valid(trx, ids, this.clock.now());
    return endpoints.map((endpoint) => ({
      ...endpoint,
      url: this.urlOf(endpoint),
      secrets: secrets.filter(({ endpointId }) => endpointId === endpoint.id),
    }));
  }

  private urlOf(endpoint: Endpoint): string {
    try {
      return this.seal.openUrl(endpoint);
    } catch (error) {
      throw new AppError('VAULT_UNAVAILABLE', { cause: error });
    }
  }

  private async record(
    trx: Trx,
    principal: Principal,
    requestId: string,
    id: string,
    note: AuditNote<Extract<AuditEventType, `webhook.${string}`>>,
  ): Promise<void> {
    await this.audit.append(trx, principal.tenantId, {
      ...note,
      outcome: 'success',
      actor: { type: 'apiKey', ref: principal.id },
      targets: [{ type: 'webhook', ref: id }],
      context: { requestId },
    });
  }
}

function found(endpoint: Endpoint | undefined): Endpoint {
  if (!endpoint) throw new AppError('WEBHOOK_NOT_FOUND');
  return endpoint;
}
