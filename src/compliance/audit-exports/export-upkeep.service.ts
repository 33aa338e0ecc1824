import {
  Inject,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
  type OnModuleDestroy,
} from '@nestjs/common';
import type { AppConfig } from '../../config/app-config.js';
import { InjectConfig } from '../../config/inject-config.js';
import { DatabaseService } from '../../database/database.service.js';
import { CLOCK, type Clock } from '../../kernel/clock.js';
import { Repeated } from '../../kernel/repeated.js';
import { AuditTrail } from '../audit/audit-trail.service.js';
import { AuditExportRepository } from './audit-export.repository.js';
import { ExportFiles } from './export-files.js';

const INTERVAL_MS = 60_000;
const AT_ONCE = 50;

/** Removes the files of exports whose time is over, every minute. */
@Injectable()
export class ExportUpkeep implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger(ExportUpkeep.name);
  private readonly rounds = new Repeated(INTERVAL_MS, () =>
    this.removeExpired().catch((error: unknown) =>
      this.logger.warn({ event: 'audit_export.upkeep_failed', err: error }, 'files stay for another round'),
    ),
  );

  constructor(
    private readonly database: DatabaseService,
    private readonly exports: AuditExportRepository,
    private readonly files: ExportFiles,
    private readonly audit: AuditTrail,
    @InjectConfig('server') private readonly server: AppConfig['server'],
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  onApplicationBootstrap(): void {
    if (this.server.role !== 'api') this.rounds.start();
  }

  onModuleDestroy(): Promise<void> {
    return this.rounds.stop();
  }

  /** The file goes first: a row without a file can be told from one that is kept, a file without a row could not. */
  async removeExpired(): Promise<void> {
    const now = this.clock.now();
    const expired = await this.database.withSystem((trx) => this.exports.expired(trx, now, AT_ONCE));
    for (const { id, tenantId } of expired) {
      await this.files.remove(tenantId, id);
      await this.database.withTenant(tenantId, async (trx) => {
        if ((await this.exports.lock(trx, id))?.status !== 'COMPLETED') return;
        await this.exports.expire(trx, id);
        await this.audit.append(trx, tenantId, {
          type: 'audit.export_expired',
          outcome: 'success',
          actor: { type: 'system', ref: 'audit-exports' },
          targets: [{ type: 'audit_export', ref: id }],
        });
      });
    }
  }
}
