import { Inject, Injectable } from '@nestjs/common';
import { DatabaseService } from '../../database/database.service.js';
import type { Trx } from '../../database/trx.js';
import { JobsService } from '../../jobs/jobs.service.js';
import { AppError } from '../../kernel/app-error.js';
import { CLOCK, type Clock } from '../../kernel/clock.js';
import { isId, newId } from '../../kernel/ids.js';
import { AuditTrail } from '../audit/audit-trail.service.js';
import {
  AuditExporter,
  type ExportCaller,
  type ExportRequest,
} from '../audit/export/audit-exporter.service.js';
import type { AuditExport } from './audit-export.js';
import { AuditExportRepository } from './audit-export.repository.js';
import { ExportFiles } from './export-files.js';

/** An export whose file is about to be handed out. */
export interface ExportDownload {
  readonly bytes: number;
  readonly digest: Buffer;
  readonly stream: NodeJS.ReadableStream;
}

/** Exports of the trail that are made in the background and fetched later. */
@Injectable()
export class AuditExports {
  constructor(
    private readonly database: DatabaseService,
    private readonly exports: AuditExportRepository,
    private readonly exporter: AuditExporter,
    private readonly files: ExportFiles,
    private readonly jobs: JobsService,
    private readonly audit: AuditTrail,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * Asks for an export. It is there when, and only when, its job is.
   *
   * @throws AppError VALIDATION_FAILED, AUDIT_RETENTION_PASSED when the log does not have what is asked for.
   */
  async request(
    { tenantId, actorRef, requestId }: ExportCaller,
    request: ExportRequest,
    within?: (trx: Trx, made: AuditExport) => Promise<void>,
  ): Promise<AuditExport> {
    await this.exporter.check(tenantId, request);
    return this.database.withTenant(tenantId, async (trx) => {
      const id = newId();
      const createdAt = this.clock.now();
      await this.exports.insert(trx, {
        id,
        tenantId,
        requestedBy: actorRef,
        requestId,
        request,
        createdAt,
      });
      const filters = Object.entries(request.filters).filter(([, value]) => value !== undefined);
      await this.audit.append(trx, tenantId, {
        type: 'audit.export_requested',
        outcome: 'success',
        actor: { type: 'apiKey', ref: actorRef },
        targets: [{ type: 'audit_export', ref: id }],
        context: { requestId },
        detail: { filters: filters.map(([name]) => name).join(',') },
      });
      await this.jobs.enqueue(trx, 'audit.export', { tenantId, exportId: id });
      const made = await this.exports.find(trx, id);
      if (!made) throw new AppError('INTERNAL');
      await within?.(trx, made);
      return made;
    });
  }

  /** @throws AppError AUDIT_EXPORT_NOT_FOUND. */
  async get(tenantId: string, id: string): Promise<AuditExport> {
    const found = isId(id)
      ? await this.database.withTenant(tenantId, (trx) => this.exports.find(trx, id))
      : undefined;
    if (!found) throw new AppError('AUDIT_EXPORT_NOT_FOUND');
    return found;
  }

  /** Newest first; `before` is the id the last page ended with. */
  list(tenantId: string, limit: number, before: string | undefined): Promise<AuditExport[]> {
    return this.database.withTenant(tenantId, (trx) => this.exports.list(trx, limit, before));
  }

  /**
   * Opens the file, once that is on record.
   *
   * @throws AppError AUDIT_EXPORT_NOT_FOUND, AUDIT_EXPORT_NOT_READY, AUDIT_EXPORT_EXPIRED.
   */
  async download({ tenantId, actorRef, requestId }: ExportCaller, id: string): Promise<ExportDownload> {
    const { status, expiresAt, digest } = await this.get(tenantId, id);
    if (status === 'EXPIRED' || (expiresAt && expiresAt <= this.clock.now())) {
      throw new AppError('AUDIT_EXPORT_EXPIRED');
    }
    if (status !== 'COMPLETED' || !digest) throw new AppError('AUDIT_EXPORT_NOT_READY');
    const bytes = await this.files.sizeOf(tenantId, id);
    if (bytes === undefined) throw new AppError('AUDIT_EXPORT_EXPIRED');
    await this.database.withTenant(tenantId, (trx) =>
      this.audit.append(trx, tenantId, {
        type: 'audit.export_downloaded',
        outcome: 'success',
        actor: { type: 'apiKey', ref: actorRef },
        targets: [{ type: 'audit_export', ref: id }],
        context: { requestId },
        detail: { digest: digest.toString('hex') },
      }),
    );
    return { bytes, digest, stream: this.files.open(tenantId, id) };
  }
}
