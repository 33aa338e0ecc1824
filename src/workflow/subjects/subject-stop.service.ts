import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { ConsentService } from '../../compliance/consent/consent.service.js';
import { type StoppedWork, type StopRequest, WorkStops } from '../../compliance/consent/work-stops.js';
import { isEnded } from '../../compliance/state/phases.js';
import type { Trx } from '../../database/trx.js';
import { ClaimQueue } from '../../jobs/claim-queue.service.js';
import { RunJobs } from '../../jobs/run-jobs.service.js';
import { CLOCK, type Clock } from '../../kernel/clock.js';
import { newId } from '../../kernel/ids.js';
import type { LoadedRun } from '../engine/loaded-run.js';
import { RunLoader } from '../engine/run-loader.service.js';
import { leftOutKey } from '../engine/step-key.js';
import { endOf } from '../engine/transitions.service.js';
import { WaitingRuns } from '../engine/waiting-runs.js';
import { RunEventFeed } from '../events/run-event-feed.service.js';
import { RunControl } from '../runs/run-control.service.js';
import type { Run } from '../runs/run.js';
import { changeOf, joinChanges, type RunChange } from '../runs/run-change.js';
import { RunRepository } from '../runs/run.repository.js';
import { type PreparedChange, RunWriter } from '../runs/run-writer.service.js';
import { decideParting } from './leave-out.js';
import { SubjectRunsRepository, type WithheldDelivery } from './subject-runs.repository.js';
import { whyWithheld } from './withheld.js';

/**
 * Stops runs that concern people for whom nothing more may be done, in the transaction that says so. A run with others
 * goes on without them; one that has nobody else, or cannot leave them out, is cancelled.
 */
@Injectable()
export class SubjectStop implements OnModuleInit {
  constructor(
    private readonly stops: WorkStops,
    private readonly consents: ConsentService,
    private readonly concerned: SubjectRunsRepository,
    private readonly runs: RunRepository,
    private readonly loader: RunLoader,
    private readonly control: RunControl,
    private readonly writer: RunWriter,
    private readonly jobs: RunJobs,
    private readonly claims: ClaimQueue,
    private readonly waiting: WaitingRuns,
    private readonly feed: RunEventFeed,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  onModuleInit(): void {
    this.stops.register((trx, request) => this.stop(trx, request));
  }

  private async stop(trx: Trx, request: StopRequest): Promise<StoppedWork> {
    const { tenantId, subjectRefs, sessionId } = request;
    const done: Stopped[] = [];
    let runsCancelled = 0;
    let recipientsLeftOut = 0;
    for (const runId of await this.concerned.open(trx, tenantId, subjectRefs, sessionId)) {
      const loaded = await this.lockedOpen(trx, tenantId, runId);
      if (!loaded) continue;
      const gone = await this.withoutGround(trx, loaded, request);
      const parting = decideParting(loaded, gone, request.reason !== 'CONSENT_WITHDRAWN');
      if (parting.kind === 'unconcerned') continue;
      if (parting.kind === 'cancel') {
        done.push(await this.cancel(trx, loaded.run, request));
        runsCancelled += 1;
      } else {
        done.push(await this.leaveOut(trx, loaded, request, parting.recipients));
        recipientsLeftOut += parting.recipients.length;
      }
    }
    return {
      runsCancelled,
      recipientsLeftOut,
      committed: () => {
        for (const each of done) this.committed(each);
      },
    };
  }

  private async lockedOpen(trx: Trx, tenantId: string, runId: string): Promise<LoadedRun | undefined> {
    const run = await this.runs.lock(trx, runId);
    if (!run || isEnded(run.status)) return undefined;
    return this.loader.loadWithin(trx, tenantId, runId);
  }

  /** Of the run's recipients those whom it may not go on with; after a withdrawal, by what consent says now. */
  private async withoutGround(
    trx: Trx,
    loaded: LoadedRun,
    { reason, subjectRefs, purposes, sessionId }: StopRequest,
  ): Promise<ReadonlySet<string>> {
    const named = new Set(subjectRefs);
    if (reason !== 'CONSENT_WITHDRAWN') return named;
    const { run, definition } = loaded;
    const { purpose } = definition;
    if (purposes && !purposes.includes(purpose)) return NOBODY;
    const speaksOfAll = sessionId === run.sessionId;
    const asked = [...new Set(loaded.remainingRefs())].filter((ref) => speaksOfAll || named.has(ref));
    const gone = new Set<string>();
    for (const ref of asked) {
      const question = { tenantId: run.tenantId, sessionId: run.sessionId, purpose, subjectRefs: [ref] };
      if (!(await this.consents.coversWithin(trx, question)).covered) gone.add(ref);
    }
    return gone;
  }

  private async cancel(trx: Trx, run: Run, { reason, actorRef }: StopRequest): Promise<Stopped> {
    const now = this.clock.now();
    const actor = { type: 'apiKey', ref: actorRef } as const;
    const end = joinChanges(
      changeOf({
        history: [
          {
            kind: 'control',
            phase: run.phase,
            status: 'cancelled',
            detail: { actorId: actorRef, code: reason },
            startedAt: now,
            endedAt: now,
          },
        ],
      }),
      endOf('CANCELLED', actor, { code: reason }, reason),
    );
    const prepared = this.writer.prepare(run, joinChanges(await this.control.closing(trx, run), end));
    await this.writer.apply(trx, prepared);
    await this.jobs.stop(trx, { tenantId: run.tenantId, runId: run.id });
    return { prepared, nextJobId: undefined };
  }

  private async leaveOut(
    trx: Trx,
    loaded: LoadedRun,
    request: StopRequest,
    recipients: readonly number[],
  ): Promise<Stopped> {
    const { run } = loaded;
    const nextJobId = run.status === 'RUNNING' ? newId() : undefined;
    const now = this.clock.now();
    const withheld = await this.concerned.withhold(trx, run.id, recipients, whyWithheld(request.reason), now);
    const change = joinChanges(
      leavingOut(run, request, recipients, now),
      changeOf({
        facts: withheld.map((delivery) => withheldFact(delivery, request)),
        jobs: nextJobId === undefined ? [] : [{ name: 'workflow.drive', id: nextJobId }],
      }),
    );
    const over = withheld.length > 0 ? await this.ifDelivered(trx, run) : changeOf({});
    const prepared = this.writer.prepare(run, joinChanges(change, over));
    await this.writer.apply(trx, prepared);
    // Whoever drives it works with what it has read before: it lets go, and the run is taken up anew.
    if (nextJobId !== undefined) {
      await this.jobs.interrupt(trx, { tenantId: run.tenantId, runId: run.id }, nextJobId);
    }
    return { prepared, nextJobId };
  }

  /** Tells the engine, when nothing is left to be sent. */
  private async ifDelivered(trx: Trx, run: Run): Promise<RunChange> {
    const { total, sent, failed } = await this.concerned.deliveryCounts(trx, run.id);
    if (sent + failed < total) return changeOf({});
    const payload = { total, settled: total, sent, failed };
    return changeOf({ signals: [{ id: newId(), type: 'delivery.settled', payload }] });
  }

  private committed({ prepared, nextJobId }: Stopped): void {
    this.writer.committed(prepared);
    const { id: runId, tenantId } = prepared.after;
    this.claims.stop({ runId, nextJobId });
    this.waiting.take(tenantId, runId);
    this.feed.wake(runId);
  }
}

/** A run that was stopped, or goes on by another job. */
interface Stopped {
  readonly prepared: PreparedChange;
  readonly nextJobId: string | undefined;
}

const NOBODY: ReadonlySet<string> = new Set();

function leavingOut(
  run: Run,
  { reason, actorRef, requestId }: StopRequest,
  recipients: readonly number[],
  now: Date,
): RunChange {
  return changeOf({
    history: recipients.map((recipient) => ({
      kind: 'control' as const,
      stepKey: leftOutKey(recipient),
      phase: run.phase,
      status: 'left_out',
      detail: { recipient, code: reason },
      startedAt: now,
      endedAt: now,
    })),
    facts: recipients.map((recipient) => ({
      type: 'workflow.recipient_left_out' as const,
      outcome: 'success' as const,
      actor: { type: 'apiKey' as const, ref: actorRef },
      code: reason,
      context: { requestId },
      detail: { recipient },
    })),
  });
}

function withheldFact(delivery: WithheldDelivery, { reason }: StopRequest): RunChange['facts'][number] {
  return {
    type: 'delivery.settled',
    outcome: 'denied',
    actor: { type: 'system', ref: 'engine' },
    code: reason,
    targets: [{ type: 'delivery', ref: delivery.id }],
    detail: {
      index: delivery.index,
      channel: delivery.channel,
      attempt: delivery.attempts,
      status: 'failed',
      reason: whyWithheld(reason),
    },
  };
}
