import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import type { AppConfig } from '../../config/app-config.js';
import { InjectConfig } from '../../config/inject-config.js';
import { JobsService } from '../../jobs/jobs.service.js';
import { Eraser } from './eraser.service.js';
import { Erasures } from './erasures.service.js';

/** Takes erasures from the queue. */
@Injectable()
export class SubjectsWorker implements OnApplicationBootstrap {
  constructor(
    private readonly jobs: JobsService,
    private readonly eraser: Eraser,
    private readonly erasures: Erasures,
    @InjectConfig('server') private readonly server: AppConfig['server'],
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    if (this.server.role === 'api') return;
    await this.jobs.handle('subjects.erase', 1, ({ tenantId, erasureId }, { signal }) =>
      this.eraser.carryOut(tenantId, erasureId, signal),
    );
    await this.jobs.handle('subjects.resume', 1, ({ tenantId }) => this.erasures.resume(tenantId));
  }
}
