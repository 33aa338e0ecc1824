import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { IdempotencyService } from './idempotency.service.js';

const INTERVAL_MS = 600_000;

/** Forgets idempotency keys whose time is over, every ten minutes. */
@Injectable()
export class IdempotencyUpkeep implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger(IdempotencyUpkeep.name);
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> = Promise.resolve();

  constructor(private readonly idempotency: IdempotencyService) {}

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => {
      this.running = this.purge();
    }, INTERVAL_MS).unref();
  }

  async onModuleDestroy(): Promise<void> {
    clearInterval(this.timer);
    await this.running;
  }

  private async purge(): Promise<void> {
    try {
      await this.idempotency.purgeExpired();
    } catch (error) {
      this.logger.warn(
        { event: 'idempotency.purge_failed', err: error },
        'expired keys stay for another round',
      );
    }
  }
}
