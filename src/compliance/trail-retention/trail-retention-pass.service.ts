import { Injectable, Logger } from '@nestjs/common';
import { DatabaseService } from '../../database/database.service.js';
import { SYSTEM_LOG_TENANT_ID } from '../audit/log/log-state.js';
import { DayRetirement } from './day-retirement.service.js';
import { TrailDayRepository } from './trail-day.repository.js';

/** What a pass has done. */
export interface TrailPassResult {
  readonly events: number;
  readonly days: number;
  /** Days that were given up because of a fault; the next pass tries again. */
  readonly failedDays: number;
}

/** Goes through the days of the trail once and takes out of each what is due. */
@Injectable()
export class TrailRetentionPass {
  private readonly logger = new Logger(TrailRetentionPass.name);

  constructor(
    private readonly database: DatabaseService,
    private readonly days: TrailDayRepository,
    private readonly retirement: DayRetirement,
  ) {}

  /**
   * One pass, unless another process is at it: then undefined. The lock is that of a transaction which does nothing
   * else, and goes with its process. Should it be lost, the second of two passes finds nothing due.
   */
  run(signal: AbortSignal): Promise<TrailPassResult | undefined> {
    return this.database.withRetention(SYSTEM_LOG_TENANT_ID, async (trx) => {
      if (!(await this.days.tryLock(trx))) return undefined;
      const total = { events: 0, days: 0, failedDays: 0 };
      for (const day of await this.toLookAt()) {
        if (signal.aborted) break;
        try {
          const events = await this.retirement.retire(day, signal);
          total.events += events;
          total.days += events > 0 ? 1 : 0;
        } catch (error) {
          total.failedDays += 1;
          this.logger.error(
            { event: 'retention.trail_failed', day, err: error },
            'records that are due stay for now',
          );
        }
      }
      return total;
    });
  }

  private toLookAt(): Promise<string[]> {
    return this.database.withRetention(SYSTEM_LOG_TENANT_ID, (trx) => this.days.daysToLookAt(trx));
  }
}
