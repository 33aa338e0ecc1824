import { Inject, Injectable, Logger } from '@nestjs/common';
import type { AppConfig } from '../../config/app-config.js';
import { InjectConfig } from '../../config/inject-config.js';
import { DatabaseService } from '../../database/database.service.js';
import type { Trx } from '../../database/trx.js';
import { JobsService } from '../../jobs/jobs.service.js';
import { CLOCK, type Clock } from '../../kernel/clock.js';
import { ScheduleRepository } from '../schedule.repository.js';

/** A job that is due is given out within a second or two; what is older has lost its job, or waits for a run. */
const GRACE_MS = 5_000;
const MAX_SCHEDULES = 1_000;

/**
 * Finds schedules that should have been woken and were not, and fires that wait for another run to end. One job in
 * each interval, whatever the number of processes; each one orders the next.
 */
@Injectable()
export class ScheduleSweep {
  private readonly logger = new Logger(ScheduleSweep.name);

  constructor(
    private readonly database: DatabaseService,
    private readonly schedules: ScheduleRepository,
    private readonly jobs: JobsService,
    @InjectConfig('schedules') private readonly config: AppConfig['schedules'],
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Orders the next sweep, unless that is done already. */
  begin(): Promise<void> {
    return this.database.withSystem((trx) => this.orderNext(trx));
  }

  async sweep(): Promise<void> {
    await this.database.withSystem(async (trx) => {
      await this.orderNext(trx);
      const now = this.clock.now();
      const before = new Date(now.getTime() - GRACE_MS);
      const overdue = await this.schedules.listOverdue(trx, before, now, MAX_SCHEDULES);
      for (const { tenantId, id } of overdue) {
        await this.jobs.enqueue(trx, 'schedule.wake', { tenantId, scheduleId: id });
      }
      if (overdue.length > 0) this.logger.debug({ event: 'schedule.swept', schedules: overdue.length });
    });
  }

  private async orderNext(trx: Trx): Promise<void> {
    const slot = { singletonSeconds: this.config.sweepIntervalSeconds, singletonNextSlot: true };
    await this.jobs.enqueue(trx, 'schedule.sweep', {}, slot);
  }
}
