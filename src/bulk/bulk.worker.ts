import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import type { AppConfig } from '../config/app-config.js';
import { InjectConfig } from '../config/inject-config.js';
import { JobsService } from '../jobs/jobs.service.js';
import { BatchAdvancer } from './advance/batch-advancer.service.js';

/** Takes batches from the queue. */
@Injectable()
export class BulkWorker implements OnApplicationBootstrap {
  constructor(
    private readonly jobs: JobsService,
    private readonly advancer: BatchAdvancer,
    @InjectConfig('server') private readonly server: AppConfig['server'],
    @InjectConfig('bulk') private readonly config: AppConfig['bulk'],
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    if (this.server.role === 'api') return;
    await this.jobs.handle('bulk.advance', this.config.concurrentBatches, (job, context) =>
      this.advancer.advance(job, context),
    );
  }
}
