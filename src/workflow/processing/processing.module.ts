import { Module } from '@nestjs/common';
import { ReportModule } from '../../compliance/report/report.module.js';
import { RetentionModule } from '../retention/retention.module.js';
import { WorkflowModule } from '../workflow.module.js';
import { LawfulBasisRepository } from './lawful-basis.repository.js';
import { ProcessingRecordsController } from './processing-records.controller.js';
import { ProcessingRecordsService } from './processing-records.service.js';

/** The records of what is done with the data of people. */
@Module({
  imports: [ReportModule, RetentionModule, WorkflowModule],
  controllers: [ProcessingRecordsController],
  providers: [LawfulBasisRepository, ProcessingRecordsService],
})
export class ProcessingModule {}
