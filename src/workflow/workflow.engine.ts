import { Inject, Injectable, Logger } from '@nestjs/common';
import { isEnded } from '../compliance/state/phases.js';
import { DatabaseService } from '../database/database.service.js';
import { type Claim, type ClaimContext, ClaimQueue } from '../jobs/claim-queue.service.js';
import { HandBack } from '../jobs/jobs.service.js';
import { CLOCK, type Clock } from '../kernel/clock.js';
import { CancelAcknowledgement } from './control/cancel-acknowledgement.service.js';
import { Advancer } from './engine/advancer.service.js';
import { DriveFaults } from './engine/drive-faults.js';
import { RunLoader } from './engine/run-loader.service.js';
import { Segment } from './engine/segment.js';
import { StepRunner } from './engine/step-runner.service.js';
import { Transitions } from './engine/transitions.service.js';
import { WaitingRuns } from './engine/waiting-runs.js';
import { RunEventFeed } from './events/run-event-feed.service.js';
import { changeOf } from './runs/run-change.js';
import { RunRepository } from './runs/run.repository.js';
import { readWaitingFor, signalsAwaited } from './runs/waiting-for.js';
import { RunWriter, StaleRun } from './runs/run-writer.service.js';

/**
 * Drives a run through consecutive steps until it waits or ends. What needs no agent is gathered and committed
 * together with the step before it, just before the next agent is called.
 */
@Injectable()
export class WorkflowEngine {
  private readonly logger = new Logger(WorkflowEngine.name);
  private readonly faults = new DriveFaults();

  constructor(
    private readonly loader: RunLoader,
    private readonly runs: RunRepository,
    private readonly steps: StepRunner,
    private readonly advancer: Advancer,
    private readonly transitions: Transitions,
    private readonly writer: RunWriter,
    private readonly claims: ClaimQueue,
    private readonly waiting: WaitingRuns,
    private readonly feed: RunEventFeed,
    private readonly cancelled: CancelAcknowledgement,
    private readonly database: DatabaseService,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Drives a run that was taken from the queue. @throws HandBack, see {@link driveOn}. */
  drive(tenantId: string, runId: string, context: ClaimContext): Promise<void> {
    return this.guarded(tenantId, runId, context, async () => {
      const loaded = await this.loader.load(tenantId, runId);
      if (!loaded || isEnded(loaded.run.status)) return;
      await this.driveSegment(
        new Segment(loaded, this.clock.now(), (run, change) => this.writer.record(run, change)),
        context,
      );
    });
  }

  /**
   * Drives on what this process has just committed, with all that it knows of the run, under a claim committed with
   * it. Returns at once.
   */
  driveOn(segment: Segment, claim: Claim): void {
    const { tenantId, id: runId } = segment.run;
    this.claims.run(claim, { tenantId, runId }, (context) =>
      this.guarded(tenantId, runId, context, () => this.driveSegment(segment, context)),
    );
  }

  /**
   * @throws HandBack when the process stops, or when somebody else has changed the run meanwhile. Whoever holds the
   *   job then looks again; for one that has lost the job, giving it back has no effect.
   */
  private async guarded(
    tenantId: string,
    runId: string,
    context: ClaimContext,
    work: () => Promise<void>,
  ): Promise<void> {
    try {
      await work();
      this.faults.clear(runId);
    } catch (error) {
      if (
        (context.signal.aborted || error instanceof StaleRun) &&
        (await this.cancelled.acknowledge(tenantId, runId))
      )
        return;
      if (error instanceof HandBack || context.signal.aborted) throw error;
      if (!(error instanceof StaleRun)) {
        await this.met(tenantId, runId, error);
        return;
      }
      // Not the end of the job: if the other writer has lost the run as well, nobody else would drive it.
      this.logger.log({ event: 'workflow.run_changed', runId }, 'somebody else has changed the run');
      throw new HandBack();
    }
  }

  /** A fault that will come again ends the run; any other is left to the queue, which tries again. */
  private async met(tenantId: string, runId: string, error: unknown): Promise<void> {
    if (!this.faults.isLast(runId, error)) throw error;
    this.logger.error(
      { event: 'workflow.given_up', runId, err: error },
      'the run cannot be driven and is failed',
    );
    const failed = await this.database.withTenant(tenantId, async (trx) => {
      const run = await this.runs.lock(trx, runId);
      if (!run || isEnded(run.status)) return undefined;
      const change = this.transitions.fail(run, 'INTERNAL', 'The engine met an unexpected fault.');
      const prepared = this.writer.prepare(run, change);
      await this.writer.apply(trx, prepared);
      return prepared;
    });
    if (failed) this.writer.committed(failed);
    this.faults.clear(runId);
    this.feed.wake(runId);
  }

  private async driveSegment(segment: Segment, context: ClaimContext): Promise<void> {
    const { draining, claim } = context;
    segment.claimId = claim.id;
    for (;;) {
      const turn = await this.advancer.advance(segment);
      if (turn.kind === 'rest') {
        if (turn.listening && (await this.hears(segment))) continue;
        await this.commitLast(segment, claim);
        return;
      }
      await this.commit(segment);
      if (draining.aborted) throw new HandBack();
      // When the lease is gone this throws: the steps belong to whoever has it now.
      await this.steps.run(segment, turn.steps, context, () => this.commit(segment));
    }
  }

  /**
   * Whether a signal has come. Who sends one wakes the run when its row says that it listens; until that is committed
   * nobody does, so it is looked at once more afterwards.
   */
  private async hears(segment: Segment): Promise<boolean> {
    await this.commit(segment);
    const { loaded, run } = segment;
    loaded.signals = await this.loader.openSignals(run.tenantId, run.id);
    const { signals } = loaded.view(run);
    return signalsAwaited(readWaitingFor(run.waitingFor)).some((name) => signals.has(name));
  }

  /** The commit after which there is nothing left to drive ends the job as well. */
  private async commitLast(segment: Segment, claim: Claim): Promise<void> {
    if (!segment.isPending) return;
    segment.add(changeOf({ endedJobs: [{ id: claim.id, name: 'workflow.drive' }] }));
    await this.commit(segment);
    this.claims.ended(claim);
    if (segment.run.status === 'WAITING_FOR_APPROVAL') this.waiting.keep(segment.loaded);
  }

  private async commit(segment: Segment): Promise<void> {
    if (!segment.isPending) return;
    const { change, audit } = segment.take();
    segment.settle(await this.writer.commit(this.writer.prepare(segment.committed, change, audit)));
    this.feed.wake(segment.run.id);
  }
}
