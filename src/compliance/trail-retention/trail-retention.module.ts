import { Module } from '@nestjs/common';
import { ReportModule } from '../report/report.module.js';
import { DayRetirement } from './day-retirement.service.js';
import { EventClassesRepository } from './event-classes.repository.js';
import { EventClasses } from './event-classes.service.js';
import { TrailArchiveRepository } from './trail-archive.repository.js';
import { TrailArchive } from './trail-archive.service.js';
import { TrailDayRepository } from './trail-day.repository.js';
import { TrailPoliciesController } from './trail-policies.controller.js';
import { TrailPolicies } from './trail-policies.service.js';
import { TrailPolicyRepository } from './trail-policy.repository.js';
import { TrailRetentionPass } from './trail-retention-pass.service.js';
import { TrailRetentionSchedule } from './trail-retention-schedule.service.js';

/** How long records of the trail are kept, and how they go. */
@Module({
  imports: [ReportModule],
  controllers: [TrailPoliciesController],
  providers: [
    EventClassesRepository,
    EventClasses,
    TrailDayRepository,
    TrailArchiveRepository,
    TrailArchive,
    DayRetirement,
    TrailRetentionPass,
    TrailRetentionSchedule,
    TrailPolicyRepository,
    TrailPolicies,
  ],
})
export class TrailRetentionModule {}
