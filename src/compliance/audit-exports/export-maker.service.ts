import { Inject, Injectable, Logger } from '@nestjs/common';
import type { AppConfig } from '../../config/app-config.js';
import { InjectConfig } from '../../config/inject-config.js';
import { DatabaseService } from '../../database/database.service.js';
import { HandBack, type JobContext } from '../../jobs/jobs.service.js';
import { AppError } from '../../kernel/app-error.js';
import { CLOCK, type Clock } from '../../kernel/clock.js';
import { AuditTrail } from '../audit/audit-trail.service.js';
import { AuditExporter, type OpenedExport } from '../audit/export/audit-exporter.service.js';
import { writeArchiveFile } from '../trail-retention/archive-file.js';
import type { AuditExport } from './audit-export.js';
import { AuditExportRepository } from './audit-export.repository.js';
import { ExportFiles } from './export-files.js';

const HOUR_MS = 3_600_000;
/** How often the place it has come to is written down. */
const PROGRESS_EVERY_MS = 1_000;
const MAX_ATTEMPTS = 5;
const ACTOR = { type: 'system', ref: 'audit-exports' } as const;

/**
 * Makes the file of an export. A process that dies leaves nothing but a part without its name: the job goes to another
 * one, which begins again.
 */
@Injectable()
export class ExportMaker {
  private readonly logger = new Logger(ExportMaker.name);

  constructor(
    private readonly database: DatabaseService,
    private readonly exports: AuditExportRepository,
    private readonly exporter: AuditExporter,
    private readonly files: ExportFiles,
    private readonly audit: AuditTrail,
    @InjectConfig('audit') private readonly config: AppConfig['audit'],
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** @throws HandBack when this process stops; whatever keeps the file from being made, until it has failed too often. */
  async make(tenantId: string, id: string, context: JobContext): Promise<void> {
    const begun = await this.begin(tenantId, id);
    if (!begun) return;
    const { requestedBy: actorRef, requestId, request } = begun;
    try {
      const opened = await this.exporter.export({ tenantId, actorRef, requestId }, request);
      let bytes = 0;
      const digest = await writeArchiveFile(
        this.files.pathOf(tenantId, id),
        this.watched(begun, opened, context, (length) => (bytes += length)),
      );
      await this.complete(begun, { bytes, digest });
    } catch (error) {
      if (error instanceof HandBack || context.signal.aborted) throw error;
      // What the request is to blame for fails again; anything else may not.
      const isFinal = error instanceof AppError && error.code !== 'AUDIT_UNAVAILABLE';
      if (!isFinal && begun.attempts < MAX_ATTEMPTS) throw error;
      this.logger.error({ event: 'audit_export.failed', exportId: id, err: error }, 'an export has failed');
      await this.fail(begun, error instanceof AppError ? error.code : 'INTERNAL');
    }
  }

  private begin(tenantId: string, id: string): Promise<AuditExport | undefined> {
    return this.database.withTenant(tenantId, async (trx) => {
      const stored = await this.exports.lock(trx, id);
      if (stored?.status !== 'QUEUED' && stored?.status !== 'RUNNING') return undefined;
      const attempts = stored.attempts + 1;
      await this.exports.begin(trx, id, attempts, this.clock.now());
      return { ...stored, attempts };
    });
  }

  /** The text of the export, with word of how far it is, and an end when this process stops. */
  private async *watched(
    { tenantId, id }: AuditExport,
    opened: OpenedExport,
    { signal, draining }: JobContext,
    onBytes: (length: number) => void,
  ): AsyncGenerator<string> {
    let next = opened.from;
    let toldAt = Number.NEGATIVE_INFINITY;
    for await (const text of opened.lines((place) => (next = place))) {
      signal.throwIfAborted();
      if (draining.aborted) throw new HandBack();
      onBytes(Buffer.byteLength(text));
      yield text;
      const now = performance.now();
      if (now - toldAt < PROGRESS_EVERY_MS) continue;
      toldAt = now;
      await this.database.withTenant(tenantId, (trx) => this.exports.advance(trx, id, opened, next));
    }
    await this.database.withTenant(tenantId, (trx) => this.exports.advance(trx, id, opened, opened.to));
  }

  private async complete(
    { tenantId, id }: AuditExport,
    file: { readonly bytes: number; readonly digest: Buffer },
  ): Promise<void> {
    const now = this.clock.now();
    const expiresAt = new Date(now.getTime() + this.config.exportHours * HOUR_MS);
    await this.database.withTenant(tenantId, async (trx) => {
      await this.exports.complete(trx, id, file, now, expiresAt);
      await this.audit.append(trx, tenantId, {
        type: 'audit.export_finished',
        outcome: 'success',
        actor: ACTOR,
        targets: [{ type: 'audit_export', ref: id }],
        detail: { bytes: file.bytes, digest: file.digest.toString('hex') },
      });
    });
  }

  private async fail({ tenantId, id }: AuditExport, code: string): Promise<void> {
    await this.database.withTenant(tenantId, async (trx) => {
      await this.exports.fail(trx, id, code, this.clock.now());
      await this.audit.append(trx, tenantId, {
        type: 'audit.export_finished',
        outcome: 'failure',
        code,
        actor: ACTOR,
        targets: [{ type: 'audit_export', ref: id }],
      });
    });
  }
}
