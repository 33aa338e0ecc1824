import { Injectable } from '@nestjs/common';
import { DatabaseService } from '../../database/database.service.js';
import { type EventRead, type RunEvent, RunEventRepository } from './run-event.repository.js';

/** Events one read gives at most: a slow reader holds no more than this. */
export const PAGE = 50;
/** Reads that go out as one statement. */
const BATCH = 64;

interface PendingRead {
  readonly read: EventRead;
  readonly answer: PromiseWithResolvers<readonly RunEvent[]>;
}

/**
 * Reads events for all streams of this process over one connection: whatever was asked for while the last read was
 * under way goes out as one statement, and readers at the same place of the same run share one answer.
 */
@Injectable()
export class RunEventReader {
  private readonly pending = new Map<string, PendingRead>();
  private isReading = false;

  constructor(
    private readonly database: DatabaseService,
    private readonly events: RunEventRepository,
  ) {}

  /** The next events behind a position, at most {@link PAGE}; none for a run of another tenant. */
  read(read: EventRead): Promise<readonly RunEvent[]> {
    const key = `${read.tenantId}/${read.runId}/${read.afterSeq}`;
    let waiting = this.pending.get(key);
    if (!waiting) {
      waiting = { read, answer: Promise.withResolvers() };
      this.pending.set(key, waiting);
      this.startReading();
    }
    return waiting.answer.promise;
  }

  private startReading(): void {
    if (this.isReading) return;
    this.isReading = true;
    // Not at once: the readers woken by one event ask in the same turn.
    setImmediate(() => void this.readPending());
  }

  private async readPending(): Promise<void> {
    while (this.pending.size > 0) await this.readBatch(this.takeBatch());
    this.isReading = false;
  }

  private takeBatch(): PendingRead[] {
    const batch = [...this.pending].slice(0, BATCH);
    for (const [key] of batch) this.pending.delete(key);
    return batch.map(([, each]) => each);
  }

  private async readBatch(batch: readonly PendingRead[]): Promise<void> {
    const reads = batch.map((each) => each.read);
    try {
      const found = await this.database.withSystem((trx) => this.events.readAll(trx, reads, PAGE));
      for (const [index, each] of batch.entries()) each.answer.resolve(found[index] ?? []);
    } catch (error) {
      for (const each of batch) each.answer.reject(error);
    }
  }
}
