import { Module } from '@nestjs/common';
import { ReportModule } from '../../compliance/report/report.module.js';
import { RetentionModule } from '../retention/retention.module.js';
import { WorkflowModule } from '../workflow.module.js';
import { ComplianceReportController } from './compliance-report.controller.js';
import { RunEvidenceRepository } from './run-evidence.repository.js';
import { RunReports } from './run-report.service.js';

/** What shows that a run was done as it should be. */
@Module({
  imports: [ReportModule, RetentionModule, WorkflowModule],
  controllers: [ComplianceReportController],
  providers: [RunEvidenceRepository, RunReports],
})
export class EvidenceModule {}
