import { Module } from '@nestjs/common';
import { AuditExportRepository } from './audit-export.repository.js';
import { AuditExportsController } from './audit-exports.controller.js';
import { AuditExports } from './audit-exports.service.js';
import { AuditExportsWorker } from './audit-exports.worker.js';
import { ExportFiles } from './export-files.js';
import { ExportMaker } from './export-maker.service.js';
import { ExportUpkeep } from './export-upkeep.service.js';

/** Exports of the trail as files that are made in the background. */
@Module({
  controllers: [AuditExportsController],
  providers: [
    AuditExportRepository,
    ExportFiles,
    AuditExports,
    ExportMaker,
    ExportUpkeep,
    AuditExportsWorker,
  ],
})
export class AuditExportsModule {}
