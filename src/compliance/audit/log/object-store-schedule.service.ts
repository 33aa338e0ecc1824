import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import type { AppConfig } from '../../../config/app-config.js';
import { InjectConfig } from '../../../config/inject-config.js';
import { ObjectStoreAnchor } from './object-store-anchor.service.js';
import { Repeated } from '../../../kernel/repeated.js';

const MINUTE_MS = 60_000;

/** Puts checkpoints into the object store each minute, apart from sealing: a store that does not answer holds nothing up. */
@Injectable()
export class ObjectStoreSchedule implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger(ObjectStoreSchedule.name);
  private readonly minutely = new Repeated(MINUTE_MS, () => this.tryPut());

  constructor(
    private readonly anchor: ObjectStoreAnchor,
    @InjectConfig('server') private readonly server: AppConfig['server'],
  ) {}

  onApplicationBootstrap(): void {
    if (this.server.role !== 'api') this.minutely.start();
  }

  onModuleDestroy(): Promise<void> {
    return this.minutely.stop();
  }

  private async tryPut(): Promise<void> {
    try {
      await this.anchor.put();
    } catch (error) {
      this.logger.warn(
        { event: 'audit.object_store_late', err: error },
        'the object store is asked a minute later',
      );
    }
  }
}
