import { Injectable } from '@nestjs/common';
import { DatabaseService } from '../database/database.service.js';
import type { Trx } from '../database/trx.js';
import { AppError } from '../kernel/app-error.js';
import { isId } from '../kernel/ids.js';
import {
  type BatchRecord,
  type BatchRowRecord,
  type BatchStatus,
  openRunsOf,
  type RowStatus,
} from './batch.js';
import { NOTHING_SINCE, presentBatch, type SinceCounted } from './batch.presenter.js';
import { BatchRepository } from './batch.repository.js';
import { BatchRowRepository } from './batch-row.repository.js';

/** Up to so many open runs a look tells how they stand now; beyond, how they stood when they were last counted. */
const MAX_LOOKED_AT = 1_000;

export type BatchView = ReturnType<typeof presentBatch>;

/** How far batches have come. A look costs the same however many rows a batch has. */
@Injectable()
export class BatchReader {
  constructor(
    private readonly batches: BatchRepository,
    private readonly rows: BatchRowRepository,
    private readonly database: DatabaseService,
  ) {}

  /** @throws AppError BATCH_NOT_FOUND, also for a batch of another tenant. */
  progress(tenantId: string, batchId: string): Promise<BatchView> {
    return this.database.withTenant(
      tenantId,
      async (trx) => {
        const batch = await this.get(trx, batchId);
        return presentBatch(batch, await this.sinceCounted(trx, batch));
      },
      { snapshot: true },
    );
  }

  /** Newest first, as they were last counted. */
  list(
    tenantId: string,
    status: BatchStatus | undefined,
    limit: number,
    before?: string,
  ): Promise<BatchRecord[]> {
    return this.database.withTenant(tenantId, (trx) => this.batches.list(trx, status, limit, before));
  }

  /** @throws AppError BATCH_NOT_FOUND. */
  rowsOf(
    tenantId: string,
    batchId: string,
    status: RowStatus | undefined,
    after: number,
    limit: number,
  ): Promise<BatchRowRecord[]> {
    return this.database.withTenant(tenantId, async (trx) => {
      const batch = await this.get(trx, batchId);
      return this.rows.list(trx, batch.id, status, after, limit);
    });
  }

  private async get(trx: Trx, batchId: string): Promise<BatchRecord> {
    const batch = isId(batchId) ? await this.batches.find(trx, batchId) : undefined;
    if (!batch) throw new AppError('BATCH_NOT_FOUND');
    return batch;
  }

  private async sinceCounted(trx: Trx, batch: BatchRecord): Promise<SinceCounted> {
    if (batch.settled_at !== null || batch.started_at === null) return NOTHING_SINCE;
    const started = await this.rows.countStarted(trx, batch.id, batch.next_row, batch.rows_total + 1);
    if (openRunsOf(batch) + started > MAX_LOOKED_AT) return { started, ended: {} };
    const open = await this.rows.openRuns(trx, batch.id, MAX_LOOKED_AT);
    const ended: Record<string, number> = {};
    for (const run of open) if (run.ended) ended[run.status] = (ended[run.status] ?? 0) + 1;
    return { started, ended };
  }
}
