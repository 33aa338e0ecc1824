import { Inject, Injectable } from '@nestjs/common';
import type { Principal } from '../../auth/principal.js';
import { isEnded } from '../../compliance/state/phases.js';
import { DatabaseService } from '../../database/database.service.js';
import type { Trx } from '../../database/trx.js';
import { ClaimQueue } from '../../jobs/claim-queue.service.js';
import { RunJobs } from '../../jobs/run-jobs.service.js';
import { AppError } from '../../kernel/app-error.js';
import { CLOCK, type Clock } from '../../kernel/clock.js';
import { RunLoader } from '../engine/run-loader.service.js';
import { endOf } from '../engine/transitions.service.js';
import { RunEventFeed } from '../events/run-event-feed.service.js';
import { ApprovalRepository } from '../review/approval.repository.js';
import { contentOf } from './content.js';
import type { Run } from './run.js';
import { changeOf, joinChanges, type RunChange } from './run-change.js';
import { RunRepository } from './run.repository.js';
import { type PreparedChange, RunWriter } from './run-writer.service.js';

/** Called in the transaction that cancels the run, so that the answer commits with it. */
export type OnCancelled = (trx: Trx, run: Run) => Promise<void>;

/** How a run is asked to end. */
export interface Cancellation {
  readonly requestId: string;
  /** In the caller's own words: what is personal in it is taken out before it is stored. */
  readonly reason?: string;
}

/** What people do to a run from outside. */
@Injectable()
export class RunControl {
  constructor(
    private readonly database: DatabaseService,
    private readonly runs: RunRepository,
    private readonly approvals: ApprovalRepository,
    private readonly loader: RunLoader,
    private readonly jobs: RunJobs,
    private readonly claims: ClaimQueue,
    private readonly writer: RunWriter,
    private readonly feed: RunEventFeed,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * Cancels a run at once. An agent at work is interrupted wherever it runs; whoever drives the run finds its version
   * gone besides; what waits for delivery stays unsent, and the run's waiting jobs go.
   *
   * @throws AppError WORKFLOW_NOT_FOUND, RUN_ALREADY_ENDED.
   */
  async cancel(
    principal: Principal,
    runId: string,
    cancellation: Cancellation,
    onCancelled: OnCancelled,
  ): Promise<void> {
    const prepared = await this.database.withTenant(principal.tenantId, (trx) =>
      this.cancelWithin(trx, principal, runId, cancellation, onCancelled),
    );
    this.writer.committed(prepared);
    this.claims.stop({ runId });
    this.feed.wake(runId);
  }

  private async cancelWithin(
    trx: Trx,
    principal: Principal,
    runId: string,
    { requestId, reason }: Cancellation,
    onCancelled: OnCancelled,
  ): Promise<PreparedChange> {
    const run = await this.runs.lock(trx, runId);
    if (!run) throw new AppError('WORKFLOW_NOT_FOUND');
    if (isEnded(run.status)) throw new AppError('RUN_ALREADY_ENDED', { detail: `The run is ${run.status}.` });
    const said = reason === undefined ? undefined : await this.sayable(trx, run, reason);
    const prepared = this.writer.prepare(
      run,
      joinChanges(
        await this.closing(trx, run),
        cancelOf(run, principal, { requestId, reason: said?.text }, this.clock.now(), said?.vaultEntries),
      ),
    );
    await onCancelled(trx, await this.writer.apply(trx, prepared));
    await this.jobs.stop(trx, { tenantId: run.tenantId, runId });
    return prepared;
  }

  /** What goes with a run that is cancelled: the approval that it waits for, and the job that would expire it. */
  async closing(trx: Trx, run: Run): Promise<RunChange> {
    const approval = await this.approvals.ofRound(trx, run.id, run.round);
    if (approval?.status !== 'pending') return changeOf({});
    return changeOf({
      closedApprovals: [{ id: approval.id, status: 'cancelled' }],
      endedJobs: [{ id: approval.id, name: 'workflow.drive' }],
    });
  }

  /** The reason with tokens in place of what is personal, by the run's own vault. */
  private async sayable(trx: Trx, run: Run, reason: string) {
    const loaded = await this.loader.loadWithin(trx, run.tenantId, run.id);
    if (!loaded) throw new AppError('WORKFLOW_NOT_FOUND');
    const text = loaded.tokenizer.tokenizeUntrusted(reason);
    return { text, vaultEntries: loaded.takeNewEntries() };
  }
}

function cancelOf(
  run: Run,
  principal: Principal,
  { requestId, reason }: Cancellation,
  now: Date,
  vaultEntries: RunChange['vaultEntries'] = [],
): RunChange {
  const actor = { type: 'apiKey', ref: principal.id } as const;
  const detail = reason === undefined ? undefined : { reason: contentOf(reason).hash.toString('hex') };
  const end = endOf('CANCELLED', actor, { actorId: principal.id });
  return joinChanges(
    changeOf({
      vaultEntries,
      history: [
        {
          kind: 'control',
          phase: run.phase,
          status: 'cancelled',
          detail: { actorId: principal.id, requestId, ...(reason !== undefined && { reason }) },
          startedAt: now,
          endedAt: now,
        },
      ],
    }),
    { ...end, facts: end.facts.map((fact) => Object.assign({}, fact, { context: { requestId }, detail })) },
  );
}
