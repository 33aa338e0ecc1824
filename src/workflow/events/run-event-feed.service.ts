import { EventEmitter } from 'node:events';
import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { DatabaseService } from '../../database/database.service.js';
import { RunRepository } from '../runs/run.repository.js';

export interface FeedEvent {
  /** Position in the run's events, from 1, without gaps. */
  readonly seq: number;
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
  readonly createdAt: Date;
}

const PAGE = 200;
/** How soon events that another process has written are seen. */
const POLL_MS = 250;

/**
 * A run's events as a stream that can be taken up anywhere: rows are read from a position on, so there is no gap and
 * no duplicate. Commits of this process wake readers at once; those of others are found by looking.
 */
@Injectable()
export class RunEventFeed implements OnModuleDestroy {
  private readonly wakes = new EventEmitter().setMaxListeners(0);
  private readonly stopping = new AbortController();

  constructor(
    private readonly database: DatabaseService,
    private readonly runs: RunRepository,
  ) {}

  /** Tells readers of this process that a run has new events. */
  wake(runId: string): void {
    this.wakes.emit(runId);
  }

  /** Every event after a position, then those to come, until the signal aborts or the process stops. */
  async *follow(
    tenantId: string,
    runId: string,
    afterSeq: number,
    signal: AbortSignal,
  ): AsyncGenerator<FeedEvent> {
    const ending = AbortSignal.any([signal, this.stopping.signal]);
    let position = afterSeq;
    while (!ending.aborted) {
      // Listening starts before the look, so that nothing falls between the two.
      const woken = this.nextWake(runId, ending);
      const rows = await this.database.withTenant(tenantId, (trx) =>
        this.runs.events(trx, runId, position, PAGE),
      );
      for (const row of rows) {
        position = row.seq;
        yield { seq: row.seq, type: row.type, data: row.data, createdAt: row.created_at };
      }
      if (rows.length < PAGE) await woken;
    }
  }

  onModuleDestroy(): void {
    this.stopping.abort();
  }

  private nextWake(runId: string, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const settle = () => {
        clearTimeout(timer);
        this.wakes.off(runId, settle);
        signal.removeEventListener('abort', settle);
        resolve();
      };
      const timer = setTimeout(settle, POLL_MS);
      this.wakes.once(runId, settle);
      signal.addEventListener('abort', settle, { once: true });
    });
  }
}
