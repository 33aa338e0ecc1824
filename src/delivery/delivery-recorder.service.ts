import { Injectable } from '@nestjs/common';
import { DatabaseService } from '../database/database.service.js';
import type { Trx } from '../database/trx.js';
import { RunEventFeed } from '../workflow/events/run-event-feed.service.js';
import type { Run } from '../workflow/runs/run.js';
import type { RunChange } from '../workflow/runs/run-change.js';
import { RunAccess } from '../workflow/runs/run-access.service.js';
import { RunWriter } from '../workflow/runs/run-writer.service.js';

/** What a piece of delivery work changes, and what it gives back. */
export interface Recorded<T> {
  readonly change: RunChange;
  readonly result: T;
}

/** Commits what happens to deliveries together with its record in the run. */
@Injectable()
export class DeliveryRecorder {
  constructor(
    private readonly database: DatabaseService,
    private readonly runs: RunAccess,
    private readonly writer: RunWriter,
    private readonly feed: RunEventFeed,
  ) {}

  /** Does what changes nothing of a run. */
  read<T>(tenantId: string, work: (trx: Trx) => Promise<T>): Promise<T> {
    return this.database.withTenant(tenantId, work);
  }

  /** Runs work with the run locked, and commits its change; work that gives nothing changes nothing. */
  async record<T>(
    tenantId: string,
    runId: string,
    work: (trx: Trx, run: Run) => Promise<Recorded<T> | undefined>,
  ): Promise<T | undefined> {
    const done = await this.database.withTenant(tenantId, async (trx) => {
      const run = await this.runs.lock(trx, runId);
      const recorded = run && (await work(trx, run));
      if (!run || !recorded) return undefined;
      const prepared = this.writer.prepare(run, recorded.change);
      await this.writer.apply(trx, prepared);
      return { prepared, result: recorded.result };
    });
    if (!done) return undefined;
    this.writer.committed(done.prepared);
    this.feed.wake(runId);
    return done.result;
  }
}
