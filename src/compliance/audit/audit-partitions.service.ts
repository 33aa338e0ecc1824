import { Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { DatabaseService } from '../../database/database.service.js';
import { AuditRepository } from './audit.repository.js';

const DAYS_AHEAD = 7;
const SIX_HOURS_MS = 6 * 3_600_000;

/** Keeps the day partitions of the trail ahead of the calendar, so that retention can drop whole days. */
@Injectable()
export class AuditPartitions implements OnModuleInit, OnModuleDestroy {
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly database: DatabaseService,
    private readonly repository: AuditRepository,
  ) {}

  async onModuleInit(): Promise<void> {
    await this.ensure();
    // A failure shows at the next start or six hours later; until then rows go to the default partition.
    this.timer = setInterval(() => void this.ensure().catch(() => undefined), SIX_HOURS_MS).unref();
  }

  onModuleDestroy(): void {
    clearInterval(this.timer);
  }

  private async ensure(): Promise<void> {
    await this.database.withSystem((trx) => this.repository.ensurePartitions(trx, DAYS_AHEAD));
  }
}
