import { Inject, Injectable } from '@nestjs/common';
import { setTimeout as wait } from 'node:timers/promises';
import { AuditTrail } from '../../compliance/audit/audit-trail.service.js';
import type { AppConfig } from '../../config/app-config.js';
import { InjectConfig } from '../../config/inject-config.js';
import { DatabaseService } from '../../database/database.service.js';
import type { BatchJob } from '../../jobs/job-catalogue.js';
import { HandBack, type JobContext, JobsService } from '../../jobs/jobs.service.js';
import { CLOCK, type Clock } from '../../kernel/clock.js';
import { type BatchRecord, openRunsOf } from '../batch.js';
import { BatchControl } from '../batch-control.service.js';
import { batchFact } from '../batch-facts.js';
import { BatchRepository } from '../batch.repository.js';
import { BatchRowRepository } from '../batch-row.repository.js';
import { ChunkStarter } from './chunk-starter.service.js';
import { RunFollower } from './run-follower.service.js';

/** Then it is another batch's turn. */
const TURN_MS = 10_000;
/** How often it is looked whether there is room for more runs. */
const ROOM_INTERVAL_MS = 250;
const LONGEST_PAUSE_SECONDS = 30;

/**
 * Goes on with a batch: starts rows while there is room for their runs, then follows the runs to their ends. Nothing
 * here relies on being alone: every change is made only once, whoever comes first.
 */
@Injectable()
export class BatchAdvancer {
  constructor(
    private readonly batches: BatchRepository,
    private readonly rows: BatchRowRepository,
    private readonly starter: ChunkStarter,
    private readonly follower: RunFollower,
    private readonly control: BatchControl,
    private readonly jobs: JobsService,
    private readonly audit: AuditTrail,
    private readonly database: DatabaseService,
    @InjectConfig('bulk') private readonly config: AppConfig['bulk'],
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** @throws HandBack when the process stops: another one goes on. */
  async advance(job: BatchJob, context: JobContext): Promise<void> {
    const until = this.clock.now().getTime() + TURN_MS;
    for (let busy = false; ;) {
      if (context.draining.aborted) throw new HandBack();
      context.signal.throwIfAborted();
      const batch = await this.find(job);
      if (!batch || batch.turn !== job.turn) return;
      if (batch.status === 'QUEUED') await this.begin(batch);
      const moved = await this.follower.followActive(batch);
      busy ||= moved > 0;
      const isRunning = batch.status === 'QUEUED' || batch.status === 'RUNNING';
      const started = isRunning && (await this.startRows(job, context));
      busy ||= started;
      if (!isRunning || this.clock.now().getTime() >= until) return this.endTurn(job, busy, isRunning);
      if (!started)
        await wait(ROOM_INTERVAL_MS, undefined, { signal: context.draining }).catch(() => undefined);
    }
  }

  private find({ tenantId, batchId }: BatchJob): Promise<BatchRecord | undefined> {
    return this.database.withTenant(tenantId, (trx) => this.batches.find(trx, batchId));
  }

  private async begin(batch: BatchRecord): Promise<void> {
    await this.database.withTenant(batch.tenant_id, async (trx) => {
      const change = { status: 'RUNNING', started_at: this.clock.now() };
      if (!(await this.batches.change(trx, batch.id, 'QUEUED', change))) return;
      const detail = { rows: batch.rows_total };
      await this.audit.append(trx, batch.tenant_id, batchFact(batch, { type: 'batch.started', detail }));
    });
  }

  /** Starts as many rows as there is room for; false when there is none, or no row. */
  private async startRows(job: BatchJob, context: JobContext): Promise<boolean> {
    const batch = await this.find(job);
    if (batch?.status !== 'RUNNING') return false;
    const active = await this.database.withTenant(job.tenantId, (trx) =>
      this.rows.countActive(trx, batch.id),
    );
    const room = this.config.maxInFlight - active;
    if (room <= 0) return false;
    if (await this.starter.startNext(batch, room, context)) return true;
    if (batch.on_error === 'stop' && batch.first_invalid !== null) {
      await this.control.stopAtFailure(job.tenantId, job.batchId);
    } else await this.complete(batch);
    return true;
  }

  private async complete({ tenant_id: tenantId, id }: BatchRecord): Promise<void> {
    await this.database.withTenant(tenantId, async (trx) => {
      const batch = await this.batches.lock(trx, id);
      if (batch?.status !== 'RUNNING') return;
      const started = await this.rows.countStarted(trx, id, batch.next_row, batch.rows_total + 1);
      const change = {
        status: 'COMPLETED',
        completed_at: this.clock.now(),
        next_row: batch.rows_total + 1,
      };
      await this.batches.change(trx, id, 'RUNNING', change, { rows_started: started });
      const detail = {
        started: batch.rows_started + started,
        failed: batch.rows_invalid + batch.rows_failed,
      };
      await this.audit.append(trx, tenantId, batchFact(batch, { type: 'batch.completed', detail }));
    });
  }

  /** Hands the batch on to a job of its next turn, or is done with it. */
  private async endTurn(job: BatchJob, wasBusy: boolean, isRunning: boolean): Promise<void> {
    const batch = await this.find(job);
    if (!batch) return;
    const moved = await this.follower.followWaiting(batch);
    const idleTurns = wasBusy || moved > 0 ? 0 : job.idleTurns + 1;
    const pauseSeconds = isRunning ? 0 : Math.min(2 ** idleTurns, LONGEST_PAUSE_SECONDS);
    await this.database.withTenant(job.tenantId, async (trx) => {
      const now = await this.batches.lock(trx, job.batchId);
      if (!now || !(await this.batches.endTurn(trx, now.id, job.turn))) return;
      if (!isRunning && openRunsOf(now) === 0) {
        await this.batches.change(trx, now.id, now.status, { settled_at: this.clock.now() });
        return;
      }
      await this.jobs.enqueue(
        trx,
        'bulk.advance',
        { tenantId: job.tenantId, batchId: job.batchId, turn: job.turn + 1, idleTurns },
        pauseSeconds > 0 ? { startAfter: new Date(this.clock.now().getTime() + pauseSeconds * 1_000) } : {},
      );
    });
  }
}
