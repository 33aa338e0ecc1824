import { Inject, Injectable } from '@nestjs/common';
import type { PreparedAudit } from '../../compliance/audit/audit-trail.service.js';
import { isEnded } from '../../compliance/state/phases.js';
import { DatabaseService } from '../../database/database.service.js';
import type { Trx } from '../../database/trx.js';
import { writeAnew } from '../../database/write-anew.js';
import { type Claim, ClaimQueue } from '../../jobs/claim-queue.service.js';
import { CLOCK, type Clock } from '../../kernel/clock.js';
import { RunEventFeed } from '../events/run-event-feed.service.js';
import type { Run } from '../runs/run.js';
import { changeOf, type RunChange } from '../runs/run-change.js';
import { type PreparedChange, RunWriter } from '../runs/run-writer.service.js';
import { WorkflowEngine } from '../workflow.engine.js';
import { Advancer } from './advancer.service.js';
import type { LoadedRun } from './loaded-run.js';
import { Segment } from './segment.js';

/** Called in the transaction that writes the change, with the run as the change has made it. */
export type InTransaction = (trx: Trx, run: Run) => Promise<void>;

/**
 * Commits what somebody has caused – a start, a decision – and sees to it that the run goes on: here, at once and
 * with all that is known of it, when this process has room; else by a job for whoever has.
 */
@Injectable()
export class HandOver {
  constructor(
    private readonly advancer: Advancer,
    private readonly engine: WorkflowEngine,
    private readonly claims: ClaimQueue,
    private readonly writer: RunWriter,
    private readonly feed: RunEventFeed,
    private readonly database: DatabaseService,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Makes a run that starts with a change; gives it as it was accepted, before anything was done with it. */
  start(loaded: LoadedRun, change: RunChange, inTransaction?: InTransaction): Promise<Run> {
    return this.goOn(loaded, change, this.writer.prepareNew.bind(this.writer), inTransaction);
  }

  /** Goes on with a run after a change. @throws StaleRun when somebody else has changed the run. */
  proceed(loaded: LoadedRun, change: RunChange, inTransaction?: InTransaction): Promise<Run> {
    return this.goOn(loaded, change, this.writer.prepare.bind(this.writer), inTransaction);
  }

  private async goOn(
    loaded: LoadedRun,
    change: RunChange,
    prepare: (run: Run, change: RunChange, audit: PreparedAudit) => PreparedChange,
    inTransaction: InTransaction | undefined,
  ): Promise<Run> {
    const segment = new Segment(loaded, this.clock.now(), (run, done) => this.writer.record(run, done));
    segment.add(change);
    const caused = segment.run;
    const claim = this.claims.tryClaim(loaded.run.tenantId);
    try {
      const drives = await this.addJob(segment, claim);
      const done = segment.take();
      const prepared = prepare(segment.committed, done.change, done.audit);
      if (inTransaction) await this.applyWithin(prepared, (trx) => inTransaction(trx, caused));
      else await this.writer.commit(prepared);
      segment.settle(prepared.after);
      this.feed.wake(caused.id);
      if (claim && drives) this.engine.driveOn(segment, claim);
      else if (claim) this.claims.abandon(claim);
      return caused;
    } catch (error) {
      if (claim) this.claims.abandon(claim);
      throw error;
    }
  }

  /**
   * With a claim the run is brought to its next agent in the same commit; without, that is left to who takes the job.
   * Whether there is something to drive here: the run may wait or have ended with this very commit.
   */
  private async addJob(segment: Segment, claim: Claim | undefined): Promise<boolean> {
    const { status } = segment.run;
    if (!claim) {
      if (isEnded(status) || status === 'WAITING_FOR_APPROVAL') return false;
      // The job of a start is known by the run, so that it can be taken away again; unless that name is the deadline's.
      const { version, deadlineAt } = segment.committed;
      const id = version === 0 && deadlineAt === null ? segment.run.id : undefined;
      segment.add(changeOf({ jobs: [{ name: 'workflow.drive', id }] }));
      return false;
    }
    const turn = await this.advancer.advance(segment);
    const drives = turn.kind === 'run' || turn.listening;
    if (drives) {
      segment.add(changeOf({ jobs: [{ name: 'workflow.drive', id: claim.id, claimed: true }] }));
    }
    return drives;
  }

  private async applyWithin(prepared: PreparedChange, write: (trx: Trx) => Promise<void>): Promise<void> {
    await writeAnew(() =>
      this.database.withTenant(prepared.after.tenantId, async (trx) => {
        await this.writer.apply(trx, prepared);
        await write(trx);
      }),
    );
    this.writer.committed(prepared);
  }
}
