import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import type { AppConfig } from '../config/app-config.js';
import { InjectConfig } from '../config/inject-config.js';
import { ClaimQueue } from '../jobs/claim-queue.service.js';
import { WorkflowEngine } from './workflow.engine.js';

/** Takes runs from the queue and drives them. */
@Injectable()
export class WorkflowWorker implements OnApplicationBootstrap {
  constructor(
    private readonly claims: ClaimQueue,
    private readonly engine: WorkflowEngine,
    @InjectConfig('server') private readonly server: AppConfig['server'],
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    if (this.server.role === 'api') return;
    await this.claims.open(({ tenantId, runId }, context) => this.engine.drive(tenantId, runId, context));
  }
}
