import { Module } from '@nestjs/common';
import { PolicyModule } from '../../compliance/policy/policy.module.js';
import { ReportModule } from '../../compliance/report/report.module.js';
import { RetentionModule } from '../retention/retention.module.js';
import { WorkflowModule } from '../workflow.module.js';
import { EvidenceBundleController } from './bundle/evidence-bundle.controller.js';
import { RunBundles } from './bundle/run-bundle.service.js';
import { RunConditionsRepository } from './conditions/run-conditions.repository.js';
import { RunConditionsReader } from './conditions/run-conditions.service.js';
import { ComplianceReportController } from './compliance-report.controller.js';
import { RunEvidenceRepository } from './run-evidence.repository.js';
import { RunLogProofs } from './run-log-proofs.service.js';
import { RunReports } from './run-report.service.js';

/** What shows that a run was done as it should be. */
@Module({
  imports: [PolicyModule, ReportModule, RetentionModule, WorkflowModule],
  controllers: [ComplianceReportController, EvidenceBundleController],
  providers: [
    RunEvidenceRepository,
    RunConditionsRepository,
    RunConditionsReader,
    RunLogProofs,
    RunReports,
    RunBundles,
  ],
})
export class EvidenceModule {}
