import { Inject, Injectable } from '@nestjs/common';
import type { Principal } from '../auth/principal.js';
import { AuditTrail } from '../compliance/audit/audit-trail.service.js';
import { DatabaseService } from '../database/database.service.js';
import type { Trx } from '../database/trx.js';
import { AppError } from '../kernel/app-error.js';
import { CLOCK, type Clock } from '../kernel/clock.js';
import { type BatchRecord, type EndReason, isBatchEnded, type RowFault } from './batch.js';
import { batchFact } from './batch-facts.js';
import { BatchRepository } from './batch.repository.js';
import { BatchRowRepository } from './batch-row.repository.js';

/** The ways in which a batch ends before all of its rows were started. */
@Injectable()
export class BatchControl {
  constructor(
    private readonly batches: BatchRepository,
    private readonly rows: BatchRowRepository,
    private readonly audit: AuditTrail,
    private readonly database: DatabaseService,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * Starts no more rows of a batch and erases them; runs that it has started go on. Of an upload that is under way
   * nothing is kept.
   *
   * @throws AppError BATCH_NOT_FOUND, BATCH_ALREADY_ENDED.
   */
  cancel(principal: Principal, batchId: string, requestId: string): Promise<void> {
    return this.database.withTenant(principal.tenantId, async (trx) => {
      const batch = await this.batches.lock(trx, batchId);
      if (!batch) throw new AppError('BATCH_NOT_FOUND');
      if (isBatchEnded(batch.status))
        throw new AppError('BATCH_ALREADY_ENDED', { detail: `The batch is ${batch.status}.` });
      const actor = { actorId: principal.id, requestId };
      if (batch.status === 'RECEIVING') await this.discard(trx, batch, 'REQUESTED', actor);
      else await this.stop(trx, batch, 'REQUESTED', actor);
    });
  }

  /** Stops a batch because a row of it has failed. */
  async stopAtFailure(tenantId: string, batchId: string): Promise<void> {
    await this.database.withTenant(tenantId, async (trx) => {
      const batch = await this.batches.lock(trx, batchId);
      if (batch?.status === 'RUNNING') await this.stop(trx, batch, 'ROW_FAILED', {});
    });
  }

  /** Fails all rows that are left, for a reason that concerns all of them. */
  async failRest(tenantId: string, batchId: string, fault: RowFault): Promise<void> {
    await this.database.withTenant(tenantId, async (trx) => {
      const batch = await this.batches.lock(trx, batchId);
      if (batch?.status !== 'RUNNING') return;
      const failed = await this.rows.giveUp(trx, batchId, fault);
      const started = await this.rows.countStarted(trx, batchId, batch.next_row, batch.rows_total + 1);
      await this.batches.change(
        trx,
        batchId,
        'RUNNING',
        { next_row: batch.rows_total + 1 },
        { rows_started: started, rows_failed: failed },
      );
      const fact = batchFact(
        batch,
        { type: 'batch.rows_failed', detail: { rows: failed } },
        { code: fault.code },
      );
      await this.audit.append(trx, tenantId, fact);
    });
  }

  /** Discards an upload that did not come to its end; without effect on any other batch. */
  async abort(tenantId: string, batchId: string, reason: EndReason): Promise<void> {
    await this.database.withTenant(tenantId, async (trx) => {
      const batch = await this.batches.lock(trx, batchId);
      if (batch?.status === 'RECEIVING') await this.discard(trx, batch, reason, {});
    });
  }

  /** In the caller's transaction, which holds the batch's lock. */
  async discard(
    trx: Trx,
    batch: BatchRecord,
    reason: EndReason,
    actor: { actorId?: string; requestId?: string },
  ): Promise<void> {
    await this.rows.deleteAll(trx, batch.id);
    // The key is free again, so that the same upload may be tried once more.
    await this.batches.change(trx, batch.id, 'RECEIVING', {
      status: 'ABORTED',
      end_reason: reason,
      completed_at: this.clock.now(),
      rows_total: 0,
      rows_invalid: 0,
      idempotency_key: null,
    });
    const detail = { rows: batch.rows_total };
    await this.audit.append(
      trx,
      batch.tenant_id,
      batchFact(batch, { type: 'batch.aborted', detail }, { ...actor, code: reason }),
    );
  }

  private async stop(
    trx: Trx,
    batch: BatchRecord,
    reason: EndReason,
    actor: { actorId?: string; requestId?: string },
  ): Promise<void> {
    const cancelled = await this.rows.giveUp(trx, batch.id, undefined);
    const started = await this.rows.countStarted(trx, batch.id, batch.next_row, batch.rows_total + 1);
    await this.batches.change(
      trx,
      batch.id,
      batch.status,
      {
        status: 'CANCELLED',
        end_reason: reason,
        completed_at: this.clock.now(),
        next_row: batch.rows_total + 1,
      },
      { rows_started: started, rows_cancelled: cancelled },
    );
    const detail = {
      started: batch.rows_started + started,
      failed: batch.rows_invalid + batch.rows_failed,
      cancelled,
    };
    await this.audit.append(
      trx,
      batch.tenant_id,
      batchFact(batch, { type: 'batch.cancelled', detail }, { ...actor, code: reason }),
    );
  }
}
