import { Injectable } from '@nestjs/common';
import { DatabaseService } from '../../database/database.service.js';
import type { BatchRecord } from '../batch.js';
import { BatchRepository } from '../batch.repository.js';
import { BatchRowRepository } from '../batch-row.repository.js';

const PAGE = 2_000;

/** Counts what became of the runs that a batch has started. */
@Injectable()
export class RunFollower {
  constructor(
    private readonly batches: BatchRepository,
    private readonly rows: BatchRowRepository,
    private readonly database: DatabaseService,
  ) {}

  /** Looks at the runs that were queued or driven when last seen; gives how many rows have moved on. */
  followActive(batch: BatchRecord): Promise<number> {
    return this.followAll(batch, 'active');
  }

  /** Looks at the runs that waited for people when last seen; gives how many rows have moved on. */
  followWaiting(batch: BatchRecord): Promise<number> {
    return this.followAll(batch, 'waiting');
  }

  private async followAll(
    { tenant_id: tenantId, id }: BatchRecord,
    state: 'active' | 'waiting',
  ): Promise<number> {
    let moved = 0;
    for (let after: number | undefined = 0; after !== undefined;) {
      const page = await this.followPage(tenantId, id, state, after);
      moved += page.moved;
      after = page.last;
    }
    return moved;
  }

  private followPage(
    tenantId: string,
    id: string,
    state: 'active' | 'waiting',
    after: number,
  ): Promise<{ moved: number; last: number | undefined }> {
    return this.database.withTenant(tenantId, async (trx) => {
      const batch = await this.batches.lock(trx, id);
      if (!batch) return { moved: 0, last: undefined };
      // Rows from there on are being started, and are counted as started only when their chunk is done.
      const range = { after, before: batch.next_row };
      const { ended, moved, last } = await this.rows.follow(trx, id, state, range, PAGE);
      if (Object.keys(ended).length > 0) {
        await this.batches.change(
          trx,
          id,
          batch.status,
          {},
          {
            runs_completed: ended['COMPLETED'] ?? 0,
            runs_failed: ended['FAILED'] ?? 0,
            runs_rejected: ended['REJECTED'] ?? 0,
            runs_cancelled: ended['CANCELLED'] ?? 0,
          },
        );
      }
      return { moved, last: last ?? undefined };
    });
  }
}
