import { Global, Module } from '@nestjs/common';
import { AuditPartitions } from './audit-partitions.service.js';
import { AuditTrail } from './audit-trail.service.js';
import { AuditVerification } from './audit-verification.service.js';
import { AuditController } from './audit.controller.js';
import { AuditRepository } from './audit.repository.js';
import { InstanceRecorder } from './instance/instance-recorder.service.js';
import { SchemaVersionRepository } from './instance/schema-version.repository.js';
import { RunChainRepository } from './run-chain.repository.js';
import { RunChains } from './run-chains.service.js';

/** The tamper-evident record of everything that changes state. */
@Global()
@Module({
  controllers: [AuditController],
  providers: [
    AuditRepository,
    AuditTrail,
    AuditVerification,
    AuditPartitions,
    RunChainRepository,
    RunChains,
    SchemaVersionRepository,
    InstanceRecorder,
  ],
  exports: [AuditTrail, AuditVerification, RunChains],
})
export class AuditModule {}
