import { createSecretKey, type KeyObject } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import type { AppConfig } from '../config/app-config.js';
import { InjectConfig } from '../config/inject-config.js';
import { DatabaseService } from '../database/database.service.js';
import { CLOCK, type Clock } from '../kernel/clock.js';
import { deriveKey } from '../kernel/sealing.js';
import { ApiKeyCache } from './api-key-cache.js';
import { type ApiKey, ApiKeyRepository } from './api-key.repository.js';
import { hashApiKey, isApiKeyShaped } from './api-key-secret.js';
import type { Principal } from './principal.js';

/** What a key that exists is good for. */
export type KeyVerdict =
  | { readonly outcome: 'accepted'; readonly principal: Principal }
  | { readonly outcome: 'revoked' | 'expired'; readonly keyId: string; readonly tenantId: string };

/** Whose key it is, or why it opens nothing. The reason is for logs; a caller is told only that it failed. */
export type Authentication = KeyVerdict | { readonly outcome: 'malformed' | 'unknown' };

/** Tells a principal by the key it presents. */
@Injectable()
export class ApiKeyAuthenticator {
  private readonly secret: KeyObject;
  private readonly configuredHash: Buffer;
  private readonly cache = new ApiKeyCache();

  constructor(
    private readonly database: DatabaseService,
    private readonly keys: ApiKeyRepository,
    @InjectConfig('vault') vault: AppConfig['vault'],
    @InjectConfig('auth') auth: AppConfig['auth'],
    @Inject(CLOCK) private readonly clock: Clock,
  ) {
    this.secret = createSecretKey(deriveKey(vault.kek, 'api-key'));
    this.configuredHash = this.hashOf(auth.apiKey);
  }

  /** Looks a key up. The tenant is not known before, so this is one of the few looks across all of them. */
  async authenticate(presented: string): Promise<Authentication> {
    if (!isApiKeyShaped(presented)) return { outcome: 'malformed' };
    const hash = this.hashOf(presented);
    const known = this.cache.find(hash, this.clock.now());
    if (known) return judge(known, this.clock.now());

    const generation = this.cache.generation;
    const found = await this.database.withSystem((trx) => this.keys.findByHash(trx, hash));
    if (!found) return { outcome: 'unknown' };
    const now = this.clock.now();
    const authentication = judge(found, now);
    if (authentication.outcome === 'accepted') this.cache.put(hash, found, now, generation);
    return authentication;
  }

  /**
   * Whether a key that was presented earlier would still be accepted: for work that goes on after its request. Looked
   * up anew each time, so that a revocation counts at once.
   */
  async authenticateById(tenantId: string, keyId: string): Promise<Authentication> {
    const found = await this.database.withTenant(tenantId, (trx) => this.keys.find(trx, keyId));
    return found ? judge(found, this.clock.now()) : { outcome: 'unknown' };
  }

  hashOf(key: string): Buffer {
    return hashApiKey(this.secret, key);
  }

  /** Whether this is the hash of the key that the configuration sets. */
  isConfigured(hash: Buffer): boolean {
    return hash.equals(this.configuredHash);
  }

  /** Stops trusting what this process remembers of a key; to be called once its revocation is committed. */
  forget(hash: Buffer): void {
    this.cache.drop(hash);
  }
}

/** What a key that was found is good for at a moment. */
export function judge(key: ApiKey, now: Date): KeyVerdict {
  if (key.revokedAt) return { outcome: 'revoked', keyId: key.id, tenantId: key.tenantId };
  if (key.expiresAt && key.expiresAt <= now)
    return { outcome: 'expired', keyId: key.id, tenantId: key.tenantId };
  return {
    outcome: 'accepted',
    principal: { id: key.id, tenantId: key.tenantId, roles: key.roles, authMethod: 'api_key' },
  };
}
