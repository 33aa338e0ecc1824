import { createHash, type Hash } from 'node:crypto';
import { Inject, Injectable, Logger } from '@nestjs/common';
import type { Principal } from '../../auth/principal.js';
import { AuditTrail } from '../../compliance/audit/audit-trail.service.js';
import type { AppConfig } from '../../config/app-config.js';
import { InjectConfig } from '../../config/inject-config.js';
import { DatabaseService } from '../../database/database.service.js';
import { appErrorOf } from '../../http/app-error-of.js';
import { JobsService } from '../../jobs/jobs.service.js';
import { AppError } from '../../kernel/app-error.js';
import { CLOCK, type Clock } from '../../kernel/clock.js';
import { SessionService } from '../../sessions/session.service.js';
import type { BatchRecord } from '../batch.js';
import { BatchControl } from '../batch-control.service.js';
import { batchFact } from '../batch-facts.js';
import { BatchRepository } from '../batch.repository.js';
import { BatchOpening } from './batch-opening.service.js';
import { RowStore, type StoredRows } from './row-store.service.js';
import type { Upload } from './upload.js';
import { refuseTooLarge, uploadBytes } from './upload-bytes.js';
import { readRows } from './upload-rows.js';

/** What has become of an upload. */
export interface Receipt {
  readonly batch: BatchRecord;
  /** Whether the same upload was received before. */
  readonly repeated: boolean;
}

/**
 * Takes uploads in: rows are stored sealed, chunk by chunk, and nothing is started before all of them stand. A broken
 * upload leaves an aborted batch without rows.
 */
@Injectable()
export class BatchIntake {
  private readonly logger = new Logger(BatchIntake.name);

  constructor(
    private readonly opening: BatchOpening,
    private readonly store: RowStore,
    private readonly control: BatchControl,
    private readonly batches: BatchRepository,
    private readonly sessions: SessionService,
    private readonly jobs: JobsService,
    private readonly audit: AuditTrail,
    private readonly database: DatabaseService,
    @InjectConfig('bulk') private readonly config: AppConfig['bulk'],
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * @throws AppError SESSION_NOT_FOUND, SESSION_EXPIRED, DEFINITION_NOT_FOUND before anything is read; BODY_TOO_LARGE,
   *   BATCH_TOO_MANY_ROWS, UPLOAD_UNREADABLE, VALIDATION_FAILED (no rows, or a header that means nothing);
   *   IDEMPOTENCY_IN_PROGRESS, IDEMPOTENCY_KEY_REUSED; BATCH_ALREADY_ENDED when it was cancelled meanwhile.
   */
  async receive(principal: Principal, upload: Upload): Promise<Receipt> {
    refuseTooLarge(upload.request, upload.encoding, this.config.maxBytes);
    const { batch, isNew } = await this.opening.open(principal, upload);
    const hash = createHash('sha256');
    const bytes = hashed(uploadBytes(upload.request, upload.encoding, this.config.maxBytes), hash);
    if (!isNew) {
      for await (const _chunk of bytes);
      this.opening.refuseOther(batch, upload, hash.digest());
      return { batch, repeated: true };
    }
    try {
      const stored = await this.store.storeAll(
        batch,
        readRows(upload.format, bytes, this.config.maxRowBytes),
      );
      return { batch: await this.finish(principal, batch, upload, stored, hash.digest()), repeated: false };
    } catch (error) {
      await this.abort(batch, error);
      throw error;
    }
  }

  private finish(
    principal: Principal,
    { id, tenant_id: tenantId }: BatchRecord,
    upload: Upload,
    { rows, invalid, firstInvalid }: StoredRows,
    bodyHash: Buffer,
  ): Promise<BatchRecord> {
    if (rows === 0) {
      throw new AppError('VALIDATION_FAILED', { errors: [{ path: '', message: 'the upload has no rows' }] });
    }
    const now = this.clock.now();
    return this.database.withTenant(tenantId, async (trx) => {
      // The upload may have taken its time: nothing is begun in a session that has ended meanwhile.
      if (upload.sessionId !== undefined) await this.sessions.use(trx, principal, upload.sessionId);
      const received = await this.batches.change(trx, id, 'RECEIVING', {
        status: 'QUEUED',
        rows_total: rows,
        rows_invalid: invalid,
        first_invalid: firstInvalid,
        fingerprint: this.opening.fingerprintOf(tenantId, upload, bodyHash),
        received_at: now,
        touched_at: now,
      });
      if (!received) throw new AppError('BATCH_ALREADY_ENDED');
      const batch = (await this.batches.find(trx, id)) as BatchRecord;
      await this.audit.append(
        trx,
        tenantId,
        batchFact(batch, { type: 'batch.received', detail: { rows, invalid } }, { actorId: batch.owner_id }),
      );
      await this.jobs.enqueue(trx, 'bulk.advance', { tenantId, batchId: id, turn: batch.turn, idleTurns: 0 });
      return batch;
    });
  }

  /** What cannot be discarded now is found by the upkeep later. */
  private async abort(batch: BatchRecord, error: unknown): Promise<void> {
    const { code, status } = appErrorOf(error);
    const isRefused = status < 500 && code !== 'UPLOAD_UNREADABLE';
    try {
      await this.control.abort(batch.tenant_id, batch.id, isRefused ? 'UPLOAD_REFUSED' : 'UPLOAD_BROKEN');
    } catch (fault) {
      this.logger.warn(
        { event: 'bulk.not_aborted', batchId: batch.id, err: fault },
        'an upload stays for the upkeep',
      );
    }
  }
}

async function* hashed(chunks: AsyncIterable<Buffer>, hash: Hash): AsyncGenerator<Buffer> {
  for await (const chunk of chunks) {
    hash.update(chunk);
    yield chunk;
  }
}
