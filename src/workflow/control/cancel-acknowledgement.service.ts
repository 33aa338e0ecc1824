import { Inject, Injectable, Logger } from '@nestjs/common';
import { DatabaseService } from '../../database/database.service.js';
import { CLOCK, type Clock } from '../../kernel/clock.js';
import { RunEventFeed } from '../events/run-event-feed.service.js';
import type { Run } from '../runs/run.js';
import { changeOf, type RunChange } from '../runs/run-change.js';
import { RunRepository } from '../runs/run.repository.js';
import { type PreparedChange, RunWriter } from '../runs/run-writer.service.js';

/** Records that whoever drove a cancelled run has let go of it: from then on nothing is done for it any more. */
@Injectable()
export class CancelAcknowledgement {
  private readonly logger = new Logger(CancelAcknowledgement.name);

  constructor(
    private readonly database: DatabaseService,
    private readonly runs: RunRepository,
    private readonly writer: RunWriter,
    private readonly feed: RunEventFeed,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * To be called by a driver that was interrupted or has lost its run. Whether the run was cancelled: then there is
   * nothing left to do. What cannot be recorded changes nothing of that, for the work has ended already.
   */
  async acknowledge(tenantId: string, runId: string): Promise<boolean> {
    try {
      const prepared = await this.record(tenantId, runId);
      if (!prepared) return false;
      this.writer.committed(prepared);
      this.feed.wake(runId);
      this.logger.log({ event: 'workflow.cancel_acknowledged', runId }, 'the cancelled run was let go');
      return true;
    } catch (error) {
      this.logger.warn({ event: 'workflow.cancel_not_acknowledged', runId, err: error });
      return false;
    }
  }

  private record(tenantId: string, runId: string): Promise<PreparedChange | undefined> {
    return this.database.withTenant(tenantId, async (trx) => {
      const run = await this.runs.lock(trx, runId);
      if (run?.status !== 'CANCELLED') return undefined;
      const prepared = this.writer.prepare(run, acknowledgementOf(run, this.clock.now()));
      await this.writer.apply(trx, prepared);
      return prepared;
    });
  }
}

/** No event: the stream of a run ends with its end. */
function acknowledgementOf(run: Run, now: Date): RunChange {
  return changeOf({
    history: [
      {
        kind: 'control',
        phase: run.phase,
        status: 'cancel_acknowledged',
        startedAt: run.completedAt ?? now,
        endedAt: now,
      },
    ],
    facts: [
      {
        type: 'workflow.cancel_acknowledged',
        outcome: 'success',
        actor: { type: 'system', ref: 'engine' },
      },
    ],
  });
}
