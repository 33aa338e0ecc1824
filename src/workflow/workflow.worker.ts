import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import type { AppConfig } from '../config/app-config.js';
import { InjectConfig } from '../config/inject-config.js';
import { JobsService } from '../jobs/jobs.service.js';
import { WorkflowEngine } from './workflow.engine.js';

/** Takes runs from the queue and drives them. */
@Injectable()
export class WorkflowWorker implements OnApplicationBootstrap {
  constructor(
    private readonly jobs: JobsService,
    private readonly engine: WorkflowEngine,
    @InjectConfig('server') private readonly server: AppConfig['server'],
    @InjectConfig('jobs') private readonly config: AppConfig['jobs'],
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    if (this.server.role === 'api') return;
    await this.jobs.handle('workflow.drive', this.config.concurrency, ({ tenantId, runId }, context) =>
      this.engine.drive(tenantId, runId, context),
    );
  }
}
