import { Module } from '@nestjs/common';
import { HttpModule } from '../http/http.module.js';
import { PersonalStoresModule } from '../compliance/subjects/personal-stores.module.js';
import { SessionsModule } from '../sessions/sessions.module.js';
import { WorkflowModule } from '../workflow/workflow.module.js';
import { BatchAdvancer } from './advance/batch-advancer.service.js';
import { ChunkStarter } from './advance/chunk-starter.service.js';
import { RowStarter } from './advance/row-starter.service.js';
import { RunFollower } from './advance/run-follower.service.js';
import { BatchControl } from './batch-control.service.js';
import { BatchReader } from './batch-reader.service.js';
import { BatchRepository } from './batch.repository.js';
import { BatchRowRepository } from './batch-row.repository.js';
import { BulkController } from './bulk.controller.js';
import { BulkUpkeep } from './bulk-upkeep.service.js';
import { BulkWorker } from './bulk.worker.js';
import { BatchIntake } from './intake/batch-intake.service.js';
import { BatchOpening } from './intake/batch-opening.service.js';
import { RowStore } from './intake/row-store.service.js';
import { RowSeal } from './row-seal.service.js';
import { BatchRowStore } from './subjects/batch-row.store.js';

/** Bulk starts: an upload of rows, each of which starts one run. */
@Module({
  imports: [HttpModule, SessionsModule, PersonalStoresModule, WorkflowModule],
  controllers: [BulkController],
  providers: [
    BatchRepository,
    BatchRowRepository,
    BatchControl,
    BatchReader,
    RowSeal,
    BatchIntake,
    BatchOpening,
    RowStore,
    BatchAdvancer,
    ChunkStarter,
    RowStarter,
    RunFollower,
    BulkWorker,
    BulkUpkeep,
    BatchRowStore,
  ],
})
export class BulkModule {}
