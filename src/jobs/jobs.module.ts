import { Global, Module } from '@nestjs/common';
import { DatabaseModule } from '../database/database.module.js';
import { JobsService } from './jobs.service.js';
import { QueueHealth } from './queue-health.js';

/** The queue, on pg-boss. */
@Global()
@Module({ imports: [DatabaseModule], providers: [JobsService, QueueHealth], exports: [JobsService] })
export class JobsModule {}
