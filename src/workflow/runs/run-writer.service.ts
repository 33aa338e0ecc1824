import { Inject, Injectable } from '@nestjs/common';
import { AuditTrail, type PreparedAudit } from '../../compliance/audit/audit-trail.service.js';
import { isEnded } from '../../compliance/state/phases.js';
import type { Trx } from '../../database/trx.js';
import { within } from '../../database/within.js';
import { CLOCK, type Clock } from '../../kernel/clock.js';
import { Metrics } from '../../observability/metrics.js';
import { RunCommits } from './commit/run-commit.service.js';
import { chainOf, deadlineJobOf, type Run } from './run.js';
import type { RunChange } from './run-change.js';
import { readWaitingFor } from './waiting-for.js';

/** The run was changed by somebody else since it was read: this writer has lost it and must stop. */
export class StaleRun extends Error {
  constructor(runId: string) {
    super(`run ${runId} was changed by another writer`);
    this.name = 'StaleRun';
  }
}

/** A change with its audit records built and hashed, ready to be written. */
export interface PreparedChange {
  /** The run as it was; undefined when the change makes it. */
  readonly before: Run | undefined;
  /** The run as it stands after the change. */
  readonly after: Run;
  readonly change: RunChange;
  readonly audit: PreparedAudit;
  readonly now: Date;
}

/** The one place that changes a run, with all that belongs to the change, fenced by the run's version. */
@Injectable()
export class RunWriter {
  constructor(
    private readonly audit: AuditTrail,
    private readonly commits: RunCommits,
    private readonly metrics: Metrics,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Builds the records of a change. @throws AppError AUDIT_UNAVAILABLE when it cannot be recorded. */
  record(run: Run, change: RunChange): PreparedAudit {
    const chain = { ...chainOf(run), phase: change.phase ?? run.phase };
    return this.audit.prepare(run.tenantId, change.facts, chain);
  }

  /**
   * Does all that needs no database.
   *
   * @param audit the records, where they are built already.
   * @throws AppError AUDIT_UNAVAILABLE when the change cannot be recorded.
   */
  prepare(run: Run, change: RunChange, audit = this.record(run, change)): PreparedChange {
    return { before: run, ...this.prepared(run, change, audit) };
  }

  /** The same for a change that makes the run; it is given as it stands before any change. */
  prepareNew(run: Run, change: RunChange, audit = this.record(run, change)): PreparedChange {
    return { before: undefined, ...this.prepared(run, change, audit) };
  }

  /**
   * Commits a change by itself, in one statement with those of other runs that are ready.
   *
   * @throws StaleRun when the run is not what it was; AppError AUDIT_UNAVAILABLE.
   */
  async commit(prepared: PreparedChange): Promise<Run> {
    if (!(await this.commits.commit(prepared))) throw new StaleRun(prepared.after.id);
    this.committed(prepared);
    return prepared.after;
  }

  /**
   * Writes a change inside a transaction, which must be given up when this throws; {@link committed} is to be called
   * after it.
   *
   * @throws StaleRun when the run is not what it was; AppError AUDIT_UNAVAILABLE.
   */
  async apply(trx: Trx, prepared: PreparedChange): Promise<Run> {
    if (!(await this.commits.write(within(trx), prepared))) throw new StaleRun(prepared.after.id);
    return prepared.after;
  }

  /** Counts what a transaction has committed. */
  committed({ change, audit, now }: PreparedChange): void {
    this.audit.written(audit);
    if (change.status && isEnded(change.status)) this.metrics.runEnded(change.status);
    for (const entry of change.history) {
      if (entry.kind === 'transition' && entry.from) {
        this.metrics.phaseEnded(entry.from, (now.getTime() - entry.startedAt.getTime()) / 1_000);
      }
    }
  }

  private prepared(run: Run, change: RunChange, audit: PreparedAudit) {
    const now = this.clock.now();
    return {
      after: after(run, change, audit, now),
      change: withoutVoidJobs(withEndedWakes(run, change)),
      audit,
      now,
    };
  }
}

/** Nobody needs to wake a run that has ended. */
function withEndedWakes(run: Run, change: RunChange): RunChange {
  if (!change.status || !isEnded(change.status)) return change;
  const jobId = readWaitingFor(run.waitingFor)?.jobId;
  const ids = [...(jobId === undefined ? [] : [jobId]), ...(run.deadlineAt ? [deadlineJobOf(run)] : [])];
  if (ids.length === 0) return change;
  const wakes = ids.map((id) => ({ id, name: 'workflow.drive' as const }));
  return { ...change, endedJobs: [...change.endedJobs, ...wakes] };
}

/** A statement does not see the jobs it makes itself: one that it would end at once is not made. */
function withoutVoidJobs(change: RunChange): RunChange {
  if (change.jobs.length === 0 || change.endedJobs.length === 0) return change;
  const ended = new Set(change.endedJobs.map(({ id }) => id));
  return { ...change, jobs: change.jobs.filter(({ id }) => id === undefined || !ended.has(id)) };
}

/** The run as it stands after a change. */
function after(run: Run, change: RunChange, audit: PreparedAudit, now: Date): Run {
  const status = change.status ?? run.status;
  return {
    ...run,
    status,
    phase: change.phase ?? run.phase,
    version: run.version + 1,
    historySeq: run.historySeq + change.history.length,
    eventSeq: run.eventSeq + change.events.length,
    auditSeq: audit.chain?.seq ?? run.auditSeq,
    auditHead: audit.chain?.head ?? run.auditHead,
    round: change.round ?? run.round,
    outputHash: change.outputHash ?? run.outputHash,
    context: change.context ?? run.context,
    inputTokens: run.inputTokens + (change.usage?.inputTokens ?? 0),
    outputTokens: run.outputTokens + (change.usage?.outputTokens ?? 0),
    costUsd: run.costUsd + (change.usage?.costUsd ?? 0),
    degraded: run.degraded || change.degraded === true,
    attempt: change.attempt ?? run.attempt,
    classification: change.classification ?? run.classification,
    waitingFor: isEnded(status) ? null : change.waitingFor === undefined ? run.waitingFor : change.waitingFor,
    deadlineAt: change.deadlineAt ?? run.deadlineAt,
    updatedAt: now,
    completedAt: isEnded(status) ? (run.completedAt ?? now) : null,
  };
}
