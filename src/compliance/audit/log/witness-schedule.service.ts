import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import type { AppConfig } from '../../../config/app-config.js';
import { InjectConfig } from '../../../config/inject-config.js';
import { Repeated } from '../../../kernel/repeated.js';
import { Witnesses } from './witnesses.service.js';

const MINUTE_MS = 60_000;

/** Submits checkpoints to the witnesses each minute, apart from sealing: a witness that does not answer holds nothing up. */
@Injectable()
export class WitnessSchedule implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger(WitnessSchedule.name);
  private readonly minutely = new Repeated(MINUTE_MS, () => this.trySubmit());

  constructor(
    private readonly witnesses: Witnesses,
    @InjectConfig('server') private readonly server: AppConfig['server'],
  ) {}

  onApplicationBootstrap(): void {
    if (this.server.role !== 'api') this.minutely.start();
  }

  onModuleDestroy(): Promise<void> {
    return this.minutely.stop();
  }

  private async trySubmit(): Promise<void> {
    try {
      await this.witnesses.submit();
    } catch (error) {
      this.logger.warn({ event: 'audit.witness_late', err: error }, 'witnesses are asked a minute later');
    }
  }
}
