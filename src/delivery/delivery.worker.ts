import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import type { AppConfig } from '../config/app-config.js';
import { InjectConfig } from '../config/inject-config.js';
import { JobsService } from '../jobs/jobs.service.js';
import { DeliveryService } from './delivery.service.js';

/** Takes deliveries from the queue. */
@Injectable()
export class DeliveryWorker implements OnApplicationBootstrap {
  constructor(
    private readonly jobs: JobsService,
    private readonly deliveries: DeliveryService,
    @InjectConfig('server') private readonly server: AppConfig['server'],
    @InjectConfig('delivery') private readonly config: AppConfig['delivery'],
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    if (this.server.role === 'api') return;
    await this.jobs.handle('delivery.deliver', this.config.concurrentRuns, (job, context) =>
      this.deliveries.deliver(job, context),
    );
  }
}
