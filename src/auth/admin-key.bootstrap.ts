import { Inject, Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { AuditTrail } from '../compliance/audit/audit-trail.service.js';
import type { AppConfig } from '../config/app-config.js';
import { InjectConfig } from '../config/inject-config.js';
import { DatabaseService } from '../database/database.service.js';
import { CLOCK, type Clock } from '../kernel/clock.js';
import { newId } from '../kernel/ids.js';
import { ApiKeyAuthenticator } from './api-key-authenticator.js';
import { ApiKeyRepository } from './api-key.repository.js';
import { displayPrefixOf } from './api-key-secret.js';
import { DEFAULT_TENANT_ID } from './default-tenant.js';

const CONFIGURATION = { type: 'system', ref: 'configuration' } as const;

/** Sees to it at start that the default tenant exists and that the configured key opens it. */
@Injectable()
export class AdminKeyBootstrap implements OnApplicationBootstrap {
  private readonly logger = new Logger(AdminKeyBootstrap.name);

  constructor(
    private readonly database: DatabaseService,
    private readonly keys: ApiKeyRepository,
    private readonly authenticator: ApiKeyAuthenticator,
    private readonly audit: AuditTrail,
    @InjectConfig('auth') private readonly config: AppConfig['auth'],
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    await this.ensure();
    if (this.config.apiKeyCreated) tellOnce(this.config.apiKey);
  }

  /** Safe to call again and by several processes at once. */
  async ensure(): Promise<void> {
    await this.database.withSystem(async (trx) => {
      if (await this.keys.insertTenantIfAbsent(trx, DEFAULT_TENANT_ID, 'default')) {
        await this.audit.append(trx, DEFAULT_TENANT_ID, {
          type: 'tenant.created',
          outcome: 'success',
          actor: CONFIGURATION,
          targets: [{ type: 'tenant', ref: DEFAULT_TENANT_ID }],
        });
      }
      const id = newId();
      const inserted = await this.keys.insertIfAbsent(trx, {
        id,
        tenantId: DEFAULT_TENANT_ID,
        name: 'admin (configuration)',
        hash: this.authenticator.hashOf(this.config.apiKey),
        prefix: displayPrefixOf(this.config.apiKey),
        roles: ['admin'],
        createdBy: 'configuration',
        createdAt: this.clock.now(),
        expiresAt: null,
      });
      if (!inserted) return;
      await this.audit.append(trx, DEFAULT_TENANT_ID, {
        type: 'api_key.created',
        outcome: 'success',
        actor: CONFIGURATION,
        targets: [{ type: 'api_key', ref: id }],
        detail: { roles: 'admin' },
      });
    });
    await this.warnWhenUseless();
  }

  /** A key that was revoked while another one was configured stays revoked: say so instead of a riddle of 401s. */
  private async warnWhenUseless(): Promise<void> {
    const authentication = await this.authenticator.authenticate(this.config.apiKey);
    if (authentication.outcome === 'accepted' && authentication.principal.roles.includes('admin')) return;
    this.logger.error(
      { event: 'auth.configured_key_unusable', reason: authentication.outcome },
      'The configured API key does not open the administration; configure another one',
    );
  }
}

/** Past the logger, which would mask it; the file under the data directory keeps it. */
function tellOnce(key: string): void {
  process.stderr.write(
    `\nAn admin API key was created for this instance. The file keys/admin.key under the data directory keeps it:\n\n  ${key}\n\n`,
  );
}
