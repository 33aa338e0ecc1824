import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import type { AppConfig } from '../../../config/app-config.js';
import { InjectConfig } from '../../../config/inject-config.js';
import { DatabaseService } from '../../../database/database.service.js';
import { PeriodFiguresService } from './period-figures.service.js';
import { ReportDayRepository } from './report-day.repository.js';

const FIRST_MS = 5 * 60_000;
const INTERVAL_MS = 60 * 60_000;
/** Days looked back at: a service that stood still for a week counts them all when it is back. */
const DAYS_BACK = 8;

/** Counts days that are over, for every tenant, so that reports find them counted. In processes that do work. */
@Injectable()
export class DayClosing implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger(DayClosing.name);
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> = Promise.resolve();
  private stopping = false;

  constructor(
    private readonly database: DatabaseService,
    private readonly figures: PeriodFiguresService,
    private readonly days: ReportDayRepository,
    @InjectConfig('server') private readonly server: AppConfig['server'],
  ) {}

  onApplicationBootstrap(): void {
    if (this.server.role !== 'api') this.next(FIRST_MS);
  }

  /** Ends after the day being counted. */
  async onModuleDestroy(): Promise<void> {
    this.stopping = true;
    clearTimeout(this.timer);
    await this.running;
  }

  /** Counts what is over and not counted; several processes at once merely count it twice. */
  async closeDays(): Promise<void> {
    for (const tenantId of await this.database.withSystem((trx) => this.days.tenants(trx))) {
      for (const day of await this.figures.openDays(tenantId, DAYS_BACK)) {
        if (this.stopping) return;
        await this.figures.close(tenantId, day);
      }
    }
  }

  private next(delayMs: number): void {
    this.timer = setTimeout(() => {
      this.running = this.closeThenWait();
    }, delayMs).unref();
  }

  private async closeThenWait(): Promise<void> {
    try {
      await this.closeDays();
    } catch (error) {
      this.logger.warn({ event: 'report.days_open', err: error }, 'days stay uncounted for now');
    }
    if (!this.stopping) this.next(INTERVAL_MS);
  }
}
