import { Inject, Injectable } from '@nestjs/common';
import type { Principal } from '../../auth/principal.js';
import { isEnded } from '../../compliance/state/phases.js';
import { DatabaseService } from '../../database/database.service.js';
import type { Trx } from '../../database/trx.js';
import { AppError } from '../../kernel/app-error.js';
import { CLOCK, type Clock } from '../../kernel/clock.js';
import { endOf } from '../engine/transitions.service.js';
import { RunEventFeed } from '../events/run-event-feed.service.js';
import { ApprovalRepository } from '../review/approval.repository.js';
import type { Run } from './run.js';
import { changeOf, joinChanges } from './run-change.js';
import { RunRepository } from './run.repository.js';
import { RunWriter } from './run-writer.service.js';

/** Called in the transaction that cancels the run, so that the answer commits with it. */
export type OnCancelled = (trx: Trx, run: Run) => Promise<void>;

/** What people do to a run from outside. */
@Injectable()
export class RunControl {
  constructor(
    private readonly database: DatabaseService,
    private readonly runs: RunRepository,
    private readonly approvals: ApprovalRepository,
    private readonly writer: RunWriter,
    private readonly feed: RunEventFeed,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * Cancels a run at once: whoever drives it finds its version gone and stops; what waits for delivery stays unsent.
   *
   * @throws AppError WORKFLOW_NOT_FOUND, RUN_ALREADY_ENDED.
   */
  async cancel(
    principal: Principal,
    runId: string,
    requestId: string,
    onCancelled: OnCancelled,
  ): Promise<void> {
    const prepared = await this.database.withTenant(principal.tenantId, async (trx) => {
      const locked = await this.runs.lock(trx, runId);
      if (!locked) throw new AppError('WORKFLOW_NOT_FOUND');
      if (isEnded(locked.status))
        throw new AppError('RUN_ALREADY_ENDED', { detail: `The run is ${locked.status}.` });
      const approval = await this.approvals.ofRound(trx, runId, locked.round);
      const now = this.clock.now();
      const actor = { type: 'apiKey', ref: principal.id } as const;
      const change = joinChanges(
        changeOf({
          closedApprovals: approval?.status === 'pending' ? [{ id: approval.id, status: 'cancelled' }] : [],
          history: [
            {
              kind: 'control',
              phase: locked.phase,
              status: 'cancelled',
              detail: { actorId: principal.id, requestId },
              startedAt: now,
              endedAt: now,
            },
          ],
        }),
        endOf('CANCELLED', actor, { actorId: principal.id }),
      );
      const ready = this.writer.prepare(locked, change);
      await onCancelled(trx, await this.writer.apply(trx, ready));
      return ready;
    });
    this.writer.committed(prepared);
    this.feed.wake(runId);
  }
}
