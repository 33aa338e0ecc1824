import { Global, Module } from '@nestjs/common';
import { PiiModule } from '../pii/pii.module.js';
import { AuditPartitions } from './audit-partitions.service.js';
import { AuditTrail } from './audit-trail.service.js';
import { AuditVerification } from './audit-verification.service.js';
import { AuditExporter } from './export/audit-exporter.service.js';
import { ExportController } from './export/export.controller.js';
import { ExportSource } from './export/export-source.service.js';
import { ExportRepository } from './export/export.repository.js';
import { AuditLog } from './log/audit-log.service.js';
import { AuditLogController } from './log/audit-log.controller.js';
import { InstanceLogController } from './log/instance-log.controller.js';
import { KeyRotation } from './log/key-rotation.service.js';
import { InclusionProofs } from './log/inclusion-proofs.service.js';
import { InclusionWait } from './log/inclusion-wait.service.js';
import { InclusionRepository } from './log/inclusion.repository.js';
import { LogAnchors } from './log/log-anchors.service.js';
import { LogCheckpointer } from './log/log-checkpointer.service.js';
import { LogEpochs } from './log/log-epochs.service.js';
import { LogGuard } from './log/log-guard.service.js';
import { LogKeys } from './log/log-keys.service.js';
import { LogSealer } from './log/log-sealer.service.js';
import { ObjectStoreAnchor } from './log/object-store-anchor.service.js';
import { LogUpkeep } from './log/log-upkeep.service.js';
import { LogRepository } from './log/log.repository.js';
import { SealWatch } from './log/seal-watch.service.js';
import { SelfCheckRepository } from './log/self-check.repository.js';
import { SelfChecks } from './log/self-checks.service.js';
import { Witnesses } from './log/witnesses.service.js';
import { SequencerRepository } from './log/sequencer.repository.js';
import { AuditFeed } from './stream/audit-feed.service.js';
import { LogGrowth } from './stream/log-growth.service.js';
import { AuditStreamController } from './stream/stream.controller.js';
import { StreamRepository } from './stream/stream.repository.js';
import { AuditController } from './audit.controller.js';
import { AuditRepository } from './audit.repository.js';
import { RetirementRepository } from './retirement.repository.js';
import { Retirements } from './retirements.service.js';
import { RunChainRepository } from './run-chain.repository.js';
import { RunChains } from './run-chains.service.js';
import { SealedValuesRepository } from './sealed/sealed-values.repository.js';
import { SealedValues } from './sealed/sealed-values.service.js';

/** The tamper-evident record of everything that changes state. */
@Global()
@Module({
  imports: [PiiModule],
  controllers: [
    AuditController,
    AuditLogController,
    InstanceLogController,
    ExportController,
    AuditStreamController,
  ],
  providers: [
    AuditRepository,
    AuditTrail,
    AuditVerification,
    AuditPartitions,
    RetirementRepository,
    Retirements,
    RunChainRepository,
    RunChains,
    LogRepository,
    SequencerRepository,
    SealWatch,
    LogAnchors,
    LogGuard,
    LogKeys,
    LogSealer,
    LogCheckpointer,
    LogUpkeep,
    LogEpochs,
    KeyRotation,
    SelfCheckRepository,
    SelfChecks,
    Witnesses,
    ObjectStoreAnchor,
    InclusionRepository,
    InclusionProofs,
    AuditLog,
    InclusionWait,
    ExportRepository,
    ExportSource,
    AuditExporter,
    StreamRepository,
    LogGrowth,
    AuditFeed,
    SealedValuesRepository,
    SealedValues,
  ],
  exports: [
    AuditTrail,
    AuditVerification,
    AuditExporter,
    RunChains,
    AuditLog,
    SealWatch,
    LogSealer,
    LogCheckpointer,
    LogUpkeep,
    LogAnchors,
    SequencerRepository,
    SelfChecks,
    Witnesses,
    ObjectStoreAnchor,
    SealedValues,
  ],
})
export class AuditModule {}
