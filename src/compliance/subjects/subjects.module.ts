import { Module } from '@nestjs/common';
import { HttpModule } from '../../http/http.module.js';
import { ConsentModule } from '../consent/consent.module.js';
import { HoldModule } from '../hold/hold.module.js';
import { PiiModule } from '../pii/pii.module.js';
import { DataSubjects } from './data-subjects.service.js';
import { ErasureJournal } from './erasure-journal.js';
import { ErasureReplay } from './erasure-replay.service.js';
import { ErasureReceipts } from './erasure-receipts.service.js';
import { ErasureRepository } from './erasure.repository.js';
import { Eraser } from './eraser.service.js';
import { Erasures } from './erasures.service.js';
import { KekUpkeepRepository } from './kek-upkeep.repository.js';
import { KekUpkeep } from './kek-upkeep.service.js';
import { PersonalStoresModule } from './personal-stores.module.js';
import { RestrictionRepository } from './restriction.repository.js';
import { Restrictions } from './restrictions.service.js';
import { RevealController } from './reveal/reveal.controller.js';
import { Reveals } from './reveal/reveals.service.js';
import { SubjectExportController } from './export/subject-export.controller.js';
import { SubjectExports } from './export/subject-exports.service.js';
import { AnswerStore } from './stores/answer.store.js';
import { AuditStore } from './stores/audit.store.js';
import { ConsentStore } from './stores/consent.store.js';
import { VaultStore } from './stores/vault.store.js';
import { SubjectsController } from './subjects.controller.js';
import { SubjectsWorker } from './subjects.worker.js';

/** The rights of the people whose data is processed: withdrawal, restriction, access and erasure. */
@Module({
  imports: [ConsentModule, HoldModule, HttpModule, PersonalStoresModule, PiiModule],
  controllers: [SubjectsController, SubjectExportController, RevealController],
  providers: [
    DataSubjects,
    ErasureJournal,
    ErasureReplay,
    ErasureReceipts,
    ErasureRepository,
    Eraser,
    Erasures,
    KekUpkeep,
    KekUpkeepRepository,
    RestrictionRepository,
    Reveals,
    SubjectExports,
    Restrictions,
    AnswerStore,
    AuditStore,
    ConsentStore,
    VaultStore,
    SubjectsWorker,
  ],
})
export class SubjectsModule {}
