import {
  type BeforeApplicationShutdown,
  Inject,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { AuditTrail } from '../compliance/audit/audit-trail.service.js';
import type { AppConfig } from '../config/app-config.js';
import { InjectConfig } from '../config/inject-config.js';
import { DatabaseService } from '../database/database.service.js';
import { migrationDigests } from '../database/migrate.js';
import type { Trx } from '../database/trx.js';
import { canonicalHash } from '../kernel/canonical-json.js';
import { CLOCK, type Clock } from '../kernel/clock.js';
import { newId } from '../kernel/ids.js';
import { DEFAULT_TENANT_ID } from './default-tenant.js';
import { SchemaVersionRepository } from './schema-version.repository.js';

const ACTOR = { type: 'system', ref: 'instance' } as const;

/**
 * Records that this process started and stopped, and on which schema, in the log of the tenant that administers the
 * instance. What cannot be recorded does not happen: a process that cannot write the trail does not start.
 */
@Injectable()
export class InstanceRecorder implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger(InstanceRecorder.name);
  private readonly target = { type: 'instance', ref: newId() };
  private isStarted = false;

  constructor(
    private readonly database: DatabaseService,
    private readonly audit: AuditTrail,
    private readonly schemas: SchemaVersionRepository,
    @InjectConfig('instance') private readonly instance: AppConfig['instance'],
    @InjectConfig('server') private readonly server: AppConfig['server'],
    @InjectConfig('database') private readonly databaseConfig: AppConfig['database'],
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    await this.database.withSystem(async (trx) => {
      await this.recordSchema(trx);
      await this.audit.append(trx, DEFAULT_TENANT_ID, {
        type: 'instance.started',
        outcome: 'success',
        actor: ACTOR,
        targets: [this.target],
        detail: {
          version: this.instance.version,
          environment: this.instance.environment,
          role: this.server.role,
          auditTier: this.databaseConfig.tier,
        },
      });
    });
    this.isStarted = true;
  }

  /** A process that ends by force leaves no record of its end: the next start is one. */
  async beforeApplicationShutdown(): Promise<void> {
    if (!this.isStarted) return;
    try {
      await this.database.withSystem((trx) =>
        this.audit.append(trx, DEFAULT_TENANT_ID, {
          type: 'instance.stopped',
          outcome: 'success',
          actor: ACTOR,
          targets: [this.target],
        }),
      );
    } catch (error) {
      this.logger.warn(
        { event: 'instance.stop_unrecorded', err: error },
        'the end of this process is not recorded',
      );
    }
  }

  private async recordSchema(trx: Trx): Promise<void> {
    const digests = await migrationDigests();
    const news = await this.schemas.unrecorded(
      trx,
      digests.map(([name]) => name),
    );
    if (news.length === 0) return;
    const id = newId();
    const digest = canonicalHash(digests);
    await this.schemas.insert(
      trx,
      { id, tenantId: DEFAULT_TENANT_ID, migrations: news, digest: Buffer.from(digest, 'hex') },
      this.clock.now(),
    );
    await this.audit.append(trx, DEFAULT_TENANT_ID, {
      type: 'schema.migrated',
      outcome: 'success',
      actor: ACTOR,
      targets: [{ type: 'schema_version', ref: id }],
      detail: { migrations: news.join(' '), digest },
    });
  }
}
