import { Global, Module } from '@nestjs/common';
import { DatabaseModule } from '../database/database.module.js';
import { ClaimQueue } from './claim-queue.service.js';
import { JobsService } from './jobs.service.js';
import { QueueHealth } from './queue-health.js';
import { RunJobsRepository } from './run-jobs.repository.js';
import { RunJobs } from './run-jobs.service.js';
import { QueueTablesRepository } from './queue-tables.repository.js';
import { QueueTables } from './queue-tables.service.js';

/** The queue, on pg-boss. */
@Global()
@Module({
  imports: [DatabaseModule],
  providers: [
    JobsService,
    ClaimQueue,
    RunJobs,
    RunJobsRepository,
    QueueHealth,
    QueueTablesRepository,
    QueueTables,
  ],
  exports: [JobsService, ClaimQueue, RunJobs],
})
export class JobsModule {}
