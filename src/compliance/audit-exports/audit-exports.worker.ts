import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import type { AppConfig } from '../../config/app-config.js';
import { InjectConfig } from '../../config/inject-config.js';
import { JobsService } from '../../jobs/jobs.service.js';
import { ExportMaker } from './export-maker.service.js';

/** Takes exports from the queue, one at a time in a process. */
@Injectable()
export class AuditExportsWorker implements OnApplicationBootstrap {
  constructor(
    private readonly jobs: JobsService,
    private readonly maker: ExportMaker,
    @InjectConfig('server') private readonly server: AppConfig['server'],
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    if (this.server.role === 'api') return;
    await this.jobs.handle('audit.export', 1, ({ tenantId, exportId }, context) =>
      this.maker.make(tenantId, exportId, context),
    );
  }
}
