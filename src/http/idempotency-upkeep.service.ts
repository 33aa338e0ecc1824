import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { Repeated } from '../kernel/repeated.js';
import { IdempotencyService } from './idempotency.service.js';

const INTERVAL_MS = 600_000;

/** Forgets idempotency keys whose time is over, every ten minutes. */
@Injectable()
export class IdempotencyUpkeep implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger(IdempotencyUpkeep.name);
  private readonly rounds = new Repeated(INTERVAL_MS, () => this.purge());

  constructor(private readonly idempotency: IdempotencyService) {}

  onApplicationBootstrap(): void {
    this.rounds.start();
  }

  onModuleDestroy(): Promise<void> {
    return this.rounds.stop();
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
