import { Module } from '@nestjs/common';
import { WorkflowModule } from '../workflow.module.js';
import { ContentSweepRepository } from './content-sweep.repository.js';
import { ContentSweep } from './content-sweep.service.js';
import { PurgeRepository } from './purge.repository.js';
import { RetentionPassRepository } from './retention-pass.repository.js';
import { RetentionPass } from './retention-pass.service.js';
import { RetentionPoliciesController } from './retention-policies.controller.js';
import { RetentionPolicyRepository } from './retention-policy.repository.js';
import { RetentionPolicies } from './retention-policy.service.js';
import { RetentionRules } from './retention-rules.service.js';
import { RetentionSchedule } from './retention-schedule.service.js';
import { RunArchiveRepository } from './run-archive.repository.js';
import { RunArchive } from './run-archive.service.js';
import { RunPurge } from './run-purge.service.js';

/** How long ended runs are kept, and their removal. */
@Module({
  imports: [WorkflowModule],
  controllers: [RetentionPoliciesController],
  providers: [
    ContentSweepRepository,
    ContentSweep,
    PurgeRepository,
    RetentionPassRepository,
    RetentionPass,
    RetentionPolicyRepository,
    RetentionPolicies,
    RetentionRules,
    RetentionSchedule,
    RunArchiveRepository,
    RunArchive,
    RunPurge,
  ],
  exports: [RetentionPolicies],
})
export class RetentionModule {}
