import { setTimeout as wait } from 'node:timers/promises';
import { Injectable, Logger } from '@nestjs/common';
import { DatabaseService } from '../../database/database.service.js';
import { ContentSweepRepository } from './content-sweep.repository.js';

/** Contents looked at under one lock: some milliseconds in which no run can be written. */
const BATCH = 500;
/** How long writers may be kept waiting by a sweep that itself waits. */
const LOCK_WAIT_MS = 100;
/** After the lock, writers have the database to themselves for this many times as long. */
const REST_FACTOR = 9;
const BUSY_PAUSE_MS = 1_000;
const BUSY_ATTEMPTS = 20;

/**
 * Removes contents that only purged runs referred to. A content is stored once per tenant and any run may come to
 * refer to it, also one that is being written at this moment; so each batch is looked at while nobody can store one.
 */
@Injectable()
export class ContentSweep {
  private readonly logger = new Logger(ContentSweep.name);

  constructor(
    private readonly database: DatabaseService,
    private readonly contents: ContentSweepRepository,
  ) {}

  /** Works through a tenant's list of noted contents; answers how many it removed. What it cannot do now stays noted. */
  async sweep(tenantId: string, signal: AbortSignal): Promise<number> {
    let removed = 0;
    for (let refusals = 0; refusals < BUSY_ATTEMPTS && !signal.aborted;) {
      const startedAt = performance.now();
      const batch = await this.batch(tenantId);
      if (batch === undefined) {
        refusals += 1;
        await pause(BUSY_PAUSE_MS, signal);
        continue;
      }
      removed += batch.removed;
      if (batch.looked < BATCH) break;
      await pause((performance.now() - startedAt) * REST_FACTOR, signal);
    }
    return removed;
  }

  /** One batch; undefined when the contents could not be had. */
  private async batch(tenantId: string): Promise<{ looked: number; removed: number } | undefined> {
    try {
      return await this.database.withRetention(tenantId, async (trx) => {
        if (await this.contents.isBusy(trx)) return undefined;
        await this.contents.lockContents(trx, LOCK_WAIT_MS);
        return this.contents.sweep(trx, BATCH);
      });
    } catch (error) {
      if ((error as { code?: unknown }).code !== LOCK_NOT_AVAILABLE) throw error;
      this.logger.debug({ event: 'retention.contents_busy' }, 'the contents are being written; later');
      return undefined;
    }
  }
}

const LOCK_NOT_AVAILABLE = '55P03';

async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  await wait(milliseconds, undefined, { signal, ref: false }).catch(() => undefined);
}
