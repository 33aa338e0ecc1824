import { Module } from '@nestjs/common';
import { ConsentModule } from '../compliance/consent/consent.module.js';
import { PersonalStoresModule } from '../compliance/subjects/personal-stores.module.js';
import { SessionsModule } from '../sessions/sessions.module.js';
import { WorkflowModule } from '../workflow/workflow.module.js';
import { FireRepository } from './fire.repository.js';
import { FireRequests } from './fire-requests.service.js';
import { DueFires } from './firing/due-fires.service.js';
import { FireChooser } from './firing/fire-choice.service.js';
import { FireOutcomes } from './firing/fire-outcomes.service.js';
import { FireStarter } from './firing/fire-starter.service.js';
import { OpenRuns } from './firing/open-runs.service.js';
import { ScheduleSweep } from './firing/schedule-sweep.service.js';
import { ScheduleWaker } from './firing/schedule-waker.service.js';
import { ScheduleFiresController } from './schedule-fires.controller.js';
import { ScheduleOwners } from './schedule-owners.service.js';
import { ScheduleReader } from './schedule-reader.service.js';
import { ScheduleRepository } from './schedule.repository.js';
import { ScheduleSeal } from './schedule-seal.js';
import { ScheduleService } from './schedule.service.js';
import { ScheduleWorker } from './schedule.worker.js';
import { SchedulesController } from './schedules.controller.js';
import { ScheduleStore } from './subjects/schedule.store.js';

/** Schedules: runs started at set times, once each, in the name of whoever made the schedule. */
@Module({
  imports: [ConsentModule, SessionsModule, PersonalStoresModule, WorkflowModule],
  controllers: [SchedulesController, ScheduleFiresController],
  providers: [
    ScheduleRepository,
    FireRepository,
    ScheduleSeal,
    ScheduleOwners,
    ScheduleService,
    ScheduleReader,
    FireRequests,
    OpenRuns,
    FireOutcomes,
    FireChooser,
    FireStarter,
    DueFires,
    ScheduleWaker,
    ScheduleSweep,
    ScheduleWorker,
    ScheduleStore,
  ],
})
export class SchedulesModule {}
