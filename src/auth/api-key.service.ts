import { Inject, Injectable } from '@nestjs/common';
import { AuditTrail } from '../compliance/audit/audit-trail.service.js';
import type { AppConfig } from '../config/app-config.js';
import { InjectConfig } from '../config/inject-config.js';
import { DatabaseService } from '../database/database.service.js';
import type { Trx } from '../database/trx.js';
import { AppError } from '../kernel/app-error.js';
import { CLOCK, type Clock } from '../kernel/clock.js';
import { isId, newId } from '../kernel/ids.js';
import { ApiKeyAuthenticator } from './api-key-authenticator.js';
import { type ApiKey, ApiKeyRepository } from './api-key.repository.js';
import { displayPrefixOf, newApiKey } from './api-key-secret.js';
import type { Principal, Role } from './principal.js';

/** What the caller decides about a new key. */
export interface ApiKeyRequest {
  readonly name: string;
  readonly roles: readonly Role[];
  readonly expiresAt: Date | null;
}

/** A key just made: the only time the key itself is known. */
export interface CreatedApiKey extends ApiKey {
  readonly key: string;
}

/** The API keys of a tenant: who may come in, and as what. */
@Injectable()
export class ApiKeyService {
  constructor(
    private readonly database: DatabaseService,
    private readonly keys: ApiKeyRepository,
    private readonly authenticator: ApiKeyAuthenticator,
    private readonly audit: AuditTrail,
    @InjectConfig('instance') private readonly instance: AppConfig['instance'],
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * Makes a key in the tenant of the caller.
   *
   * @param settle Work that has to commit together with the key.
   */
  async create(
    principal: Principal,
    requestId: string,
    request: ApiKeyRequest,
    settle: (trx: Trx, created: CreatedApiKey) => Promise<void>,
  ): Promise<CreatedApiKey> {
    const createdAt = this.clock.now();
    if (request.expiresAt && request.expiresAt <= createdAt) {
      throw new AppError('VALIDATION_FAILED', {
        errors: [{ path: 'expiresAt', message: 'expiresAt must lie in the future' }],
      });
    }
    const key = newApiKey(this.instance.environment);
    const created: CreatedApiKey = {
      id: newId(),
      tenantId: principal.tenantId,
      name: request.name,
      prefix: displayPrefixOf(key),
      roles: request.roles,
      createdBy: principal.id,
      createdAt,
      expiresAt: request.expiresAt,
      revokedAt: null,
      key,
    };
    await this.database.withTenant(principal.tenantId, async (trx) => {
      await this.keys.insert(trx, { ...created, hash: this.authenticator.hashOf(key) });
      await this.audit.append(trx, principal.tenantId, {
        type: 'api_key.created',
        outcome: 'success',
        actor: { type: 'apiKey', ref: principal.id },
        targets: [{ type: 'api_key', ref: created.id }],
        context: { requestId },
        detail: { roles: created.roles.join(',') },
      });
      await settle(trx, created);
    });
    return created;
  }

  /** Keys of the tenant, newest first, revoked and expired ones included. */
  list(principal: Principal, limit: number, before: string | undefined): Promise<ApiKey[]> {
    return this.database.withTenant(principal.tenantId, (trx) => this.keys.list(trx, limit, before));
  }

  /**
   * Takes a key out of use. Doing it again changes nothing.
   *
   * @throws AppError API_KEY_NOT_FOUND, also for a key of another tenant; API_KEY_CONFIGURED for the key the
   *   configuration sets: revoking it would lock the administrator out until the configuration is changed.
   */
  async revoke(principal: Principal, requestId: string, id: string): Promise<void> {
    if (!isId(id)) throw new AppError('API_KEY_NOT_FOUND');
    const hash = await this.database.withTenant(principal.tenantId, async (trx) => {
      const found = await this.keys.findHash(trx, id);
      if (!found) throw new AppError('API_KEY_NOT_FOUND');
      if (this.authenticator.isConfigured(found)) throw new AppError('API_KEY_CONFIGURED');
      if (!(await this.keys.revoke(trx, id, this.clock.now()))) return found;
      await this.audit.append(trx, principal.tenantId, {
        type: 'api_key.revoked',
        outcome: 'success',
        actor: { type: 'apiKey', ref: principal.id },
        targets: [{ type: 'api_key', ref: id }],
        context: { requestId },
      });
      return found;
    });
    this.authenticator.forget(hash);
  }
}
