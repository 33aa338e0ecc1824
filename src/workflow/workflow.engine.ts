import { Inject, Injectable, Logger } from '@nestjs/common';
import { isEnded, type Phase } from '../compliance/state/phases.js';
import { DatabaseService } from '../database/database.service.js';
import { HandBack, type JobContext } from '../jobs/jobs.service.js';
import { AppError } from '../kernel/app-error.js';
import { CLOCK, type Clock } from '../kernel/clock.js';
import type { AgentStep } from './definitions/definition.schema.js';
import { DriveFaults } from './engine/drive-faults.js';
import type { LoadedRun } from './engine/loaded-run.js';
import { RunLoader } from './engine/run-loader.service.js';
import { StepExecutor } from './engine/step-executor.service.js';
import { Transitions } from './engine/transitions.service.js';
import { RunEventFeed } from './events/run-event-feed.service.js';
import type { Run } from './runs/run.js';
import { changeOf, joinChanges, NO_CHANGE, type RunChange } from './runs/run-change.js';
import { RunRepository } from './runs/run.repository.js';
import { RunWriter, StaleRun } from './runs/run-writer.service.js';
import { decideNext, type NextAction } from './workflow.states.js';

/**
 * Drives a run through consecutive steps until it waits or ends. What needs no agent is gathered and committed
 * together with the step before it, in one transaction, just before the next agent is called.
 */
@Injectable()
export class WorkflowEngine {
  private readonly logger = new Logger(WorkflowEngine.name);
  private readonly faults = new DriveFaults();

  constructor(
    private readonly loader: RunLoader,
    private readonly runs: RunRepository,
    private readonly steps: StepExecutor,
    private readonly transitions: Transitions,
    private readonly writer: RunWriter,
    private readonly feed: RunEventFeed,
    private readonly database: DatabaseService,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * @throws HandBack when the process stops, or when somebody else has changed the run meanwhile. Whoever holds the
   *   job then looks again; for one that has lost the job, giving it back has no effect.
   */
  async drive(tenantId: string, runId: string, context: JobContext): Promise<void> {
    try {
      const loaded = await this.loader.load(tenantId, runId);
      if (loaded && !isEnded(loaded.run.status)) await this.driveLoaded(loaded, context);
      this.faults.clear(runId);
    } catch (error) {
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

  private async driveLoaded(loaded: LoadedRun, { signal, draining }: JobContext): Promise<void> {
    const segment = new Segment(loaded, this.clock.now());
    for (;;) {
      const action = decideNext(loaded.definition, loaded.view(segment.run), this.clock.now());
      if (action.kind === 'wait') {
        await this.commit(segment);
        return;
      }
      if (action.kind !== 'run-agent') {
        segment.add(await this.decided(loaded, segment, action));
        continue;
      }
      segment.announce(action.step);
      await this.commit(segment);
      if (draining.aborted) throw new HandBack();
      segment.add(await this.executed(loaded, action.step, signal));
      // The lease is gone: the step belongs to whoever has it now.
      signal.throwIfAborted();
    }
  }

  private decided(
    loaded: LoadedRun,
    segment: Segment,
    action: Exclude<NextAction, { kind: 'run-agent' | 'wait' }>,
  ) {
    const { run } = segment;
    switch (action.kind) {
      case 'enter':
        return this.transitions.enter(loaded, run, action.phase, segment.enterPhase(this.clock.now()));
      case 'make-artifact':
        return this.transitions.makeArtifact(loaded, run);
      case 'request-approval':
        return this.transitions.requestApproval(loaded, run);
      case 'expire-approval':
        return this.transitions.expireApproval(loaded);
      case 'complete':
        return this.transitions.complete(loaded, run, segment.enterPhase(this.clock.now()));
      default:
        return unreachable(action);
    }
  }

  private async executed(loaded: LoadedRun, step: AgentStep, signal: AbortSignal): Promise<RunChange> {
    try {
      const { key, output, change } = await this.steps.execute(loaded, step, signal);
      loaded.remember(key, output);
      return change;
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      return this.transitions.fail(loaded.run, error.code, error.message, step.agent);
    }
  }

  private async commit(segment: Segment): Promise<void> {
    const change = segment.take();
    if (change === undefined) return;
    const prepared = this.writer.prepare(segment.committed, change);
    const run = await this.database.withTenant(segment.committed.tenantId, (trx) =>
      this.writer.apply(trx, prepared),
    );
    segment.settle(run);
    this.writer.committed(prepared);
    this.feed.wake(run.id);
  }
}

/** What a worker has done since its last commit, and the run as it will stand after the next. */
class Segment {
  /** The run as committed. */
  committed: Run;
  private pending: RunChange = NO_CHANGE;
  private announced: string | undefined;

  constructor(
    private readonly loaded: LoadedRun,
    private phaseSince: Date,
  ) {
    this.committed = loaded.run;
  }

  /** The run as it stands with the pending change. */
  get run(): Run {
    return this.loaded.run;
  }

  add(change: RunChange): void {
    this.pending = joinChanges(this.pending, change);
    this.loaded.advance({
      ...this.loaded.run,
      status: change.status ?? this.loaded.run.status,
      phase: change.phase ?? this.loaded.run.phase,
      round: change.round ?? this.loaded.run.round,
      context: change.context ?? this.loaded.run.context,
    });
  }

  /** Says that an agent starts; once for all batches of a fan-out. */
  announce(step: AgentStep): void {
    const phase: Phase = this.run.phase;
    const key = `${phase}/${step.agent}/${this.run.round}`;
    if (this.announced === key) return;
    this.announced = key;
    const total = step.forEach ? { items: this.loaded.items(step).length } : {};
    this.add(
      changeOf({
        status: 'RUNNING',
        events: [{ type: 'agent.started', data: { agent: step.agent, phase, ...total } }],
      }),
    );
  }

  /** When the phase being left was entered; the next one starts now. */
  enterPhase(now: Date): Date {
    const since = this.phaseSince;
    this.phaseSince = now;
    return since;
  }

  take(): RunChange | undefined {
    return this.pending === NO_CHANGE ? undefined : this.pending;
  }

  settle(run: Run): void {
    this.pending = NO_CHANGE;
    this.committed = run;
    this.loaded.advance(run);
  }
}

function unreachable(action: never): never {
  throw new TypeError(`unknown action ${JSON.stringify(action)}`);
}
