import { Inject, Injectable } from '@nestjs/common';
import { AuditTrail, type PreparedAudit } from '../../compliance/audit/audit-trail.service.js';
import { TokenVault } from '../../compliance/pii/token-vault.service.js';
import { isEnded } from '../../compliance/state/phases.js';
import type { Trx } from '../../database/trx.js';
import { JobsService } from '../../jobs/jobs.service.js';
import { CLOCK, type Clock } from '../../kernel/clock.js';
import { newId } from '../../kernel/ids.js';
import { Metrics } from '../../observability/metrics.js';
import { chainOf, type Run } from './run.js';
import type { Content, RunChange } from './run-change.js';

/** The run was changed by somebody else since it was read: this writer has lost it and must stop. */
export class StaleRun extends Error {
  constructor(runId: string) {
    super(`run ${runId} was changed by another writer`);
    this.name = 'StaleRun';
  }
}

/** A change with its audit records built and hashed, ready for the transaction. */
export interface PreparedChange {
  readonly run: Run;
  readonly change: RunChange;
  readonly audit: PreparedAudit;
  readonly now: Date;
}

/**
 * The one place that changes a run: row, history, events, audit, contents, approvals, tokens and jobs in one
 * transaction, fenced by the run's version.
 */
@Injectable()
export class RunWriter {
  constructor(
    private readonly audit: AuditTrail,
    private readonly vault: TokenVault,
    private readonly jobs: JobsService,
    private readonly metrics: Metrics,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Does all that needs no database. @throws AppError AUDIT_UNAVAILABLE when the change cannot be recorded. */
  prepare(run: Run, change: RunChange): PreparedChange {
    const chain = { ...chainOf(run), phase: change.phase ?? run.phase };
    return {
      run,
      change,
      audit: this.audit.prepare(run.tenantId, change.facts, chain),
      now: this.clock.now(),
    };
  }

  /** Inserts a new run with the change that starts it. The run given is as it stands before any change. */
  async create(trx: Trx, prepared: PreparedChange): Promise<Run> {
    const run = after(prepared);
    await this.writeContents(trx, run.tenantId, prepared.change.contents);
    await trx
      .insertInto('workflow_run')
      .values({
        id: run.id,
        tenant_id: run.tenantId,
        definition: run.definition,
        definition_version: run.definitionVersion,
        session_id: run.sessionId,
        owner_id: run.ownerId,
        attributes: JSON.stringify(run.attributes),
        input_hash: run.inputHash,
        created_at: run.createdAt,
        ...columnsOf(run),
      })
      .execute();
    await this.writeParts(trx, prepared, run);
    return run;
  }

  /** Applies a change. @throws StaleRun when the run is not what it was; the transaction must then be given up. */
  async apply(trx: Trx, prepared: PreparedChange): Promise<Run> {
    const run = after(prepared);
    await this.writeContents(trx, run.tenantId, prepared.change.contents);
    const { numUpdatedRows } = await trx
      .updateTable('workflow_run')
      .set(columnsOf(run))
      .where('id', '=', run.id)
      .where('version', '=', prepared.run.version)
      .executeTakeFirst();
    if (numUpdatedRows !== 1n) throw new StaleRun(run.id);
    await this.writeParts(trx, prepared, run);
    return run;
  }

  /** To be called when the transaction has committed. */
  committed({ change, now }: PreparedChange): void {
    if (change.status && isEnded(change.status)) this.metrics.runEnded(change.status);
    for (const entry of change.history) {
      if (entry.kind === 'transition' && entry.from) {
        this.metrics.phaseEnded(entry.from, (now.getTime() - entry.startedAt.getTime()) / 1_000);
      }
    }
  }

  private async writeParts(
    trx: Trx,
    { run: before, change, audit, now }: PreparedChange,
    run: Run,
  ): Promise<void> {
    await this.audit.write(trx, audit);
    await this.vault.seal(trx, run.tenantId, run.id, [...change.vaultEntries]);
    const owner = { tenant_id: run.tenantId, run_id: run.id };
    if (change.history.length > 0) {
      await trx
        .insertInto('workflow_step')
        .values(
          change.history.map((entry, index) => ({
            ...owner,
            seq: before.historySeq + index + 1,
            kind: entry.kind,
            step_key: entry.stepKey ?? null,
            phase: entry.phase,
            agent: entry.agent ?? null,
            attempt: entry.attempt ?? 1,
            status: entry.status,
            from_phase: entry.from ?? null,
            to_phase: entry.to ?? null,
            input_hash: entry.inputHash ?? null,
            output_hash: entry.outputHash ?? null,
            usage: entry.usage ? JSON.stringify(entry.usage) : null,
            degraded: entry.degraded ?? false,
            detail: entry.detail ? JSON.stringify(entry.detail) : null,
            started_at: entry.startedAt,
            ended_at: entry.endedAt,
          })),
        )
        .execute();
    }
    if (change.events.length > 0) {
      await trx
        .insertInto('workflow_event')
        .values(
          change.events.map((event, index) => ({
            ...owner,
            seq: before.eventSeq + index + 1,
            type: event.type,
            data: JSON.stringify(event.data),
            created_at: now,
          })),
        )
        .execute();
    }
    for (const artifact of change.artifacts) {
      await trx
        .insertInto('artifact')
        .values({
          ...owner,
          id: artifact.id,
          kind: artifact.kind,
          name: artifact.name,
          version: artifact.version,
          round: artifact.round,
          content_hash: artifact.contentHash,
          created_at: now,
        })
        .execute();
    }
    for (const closed of change.closedApprovals) {
      await trx
        .updateTable('approval')
        .set({
          status: closed.status,
          ...(closed.bindingHash && { binding_hash: closed.bindingHash }),
          ...(closed.artifactId && { artifact_id: closed.artifactId }),
        })
        .where('id', '=', closed.id)
        .where('status', '=', 'pending')
        .execute();
    }
    for (const approval of change.approvals) {
      await trx
        .insertInto('approval')
        .values({
          ...owner,
          id: approval.id,
          artifact_id: approval.artifactId,
          binding_hash: approval.bindingHash,
          status: 'pending',
          requester_id: approval.requesterId,
          four_eyes: approval.fourEyes,
          required_approvals: approval.requiredApprovals,
          round: approval.round,
          created_at: now,
          expires_at: approval.expiresAt,
        })
        .execute();
    }
    for (const signal of change.signals) {
      await trx
        .insertInto('workflow_signal')
        .values({
          ...owner,
          id: newId(),
          type: signal.type,
          payload: JSON.stringify(signal.payload),
          created_at: now,
        })
        .execute();
    }
    if (change.consumedSignals.length > 0) {
      await trx
        .updateTable('workflow_signal')
        .set({ consumed_at: now })
        .where('id', 'in', [...change.consumedSignals])
        .execute();
    }
    for (const job of change.jobs) {
      await this.jobs.enqueue(
        trx,
        job.name,
        { tenantId: run.tenantId, runId: run.id },
        { startAfter: job.startAfter },
      );
    }
  }

  private async writeContents(trx: Trx, tenantId: string, contents: readonly Content[]): Promise<void> {
    for (const { hash, value } of contents) {
      await trx
        .insertInto('content')
        .values({ tenant_id: tenantId, hash, body: JSON.stringify(value) })
        .onConflict((conflict) => conflict.columns(['tenant_id', 'hash']).doNothing())
        .execute();
    }
  }
}

/** The run as it stands after a change. */
function after({ run, change, audit, now }: PreparedChange): Run {
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
    updatedAt: now,
    completedAt: isEnded(status) ? (run.completedAt ?? now) : null,
  };
}

/** The columns that a change may alter. */
function columnsOf(run: Run) {
  return {
    status: run.status,
    phase: run.phase,
    version: run.version,
    history_seq: run.historySeq,
    event_seq: run.eventSeq,
    audit_seq: run.auditSeq,
    audit_head: run.auditHead,
    round: run.round,
    output_hash: run.outputHash,
    context: JSON.stringify(run.context),
    input_tokens: run.inputTokens,
    output_tokens: run.outputTokens,
    cost_usd: run.costUsd.toFixed(6),
    degraded: run.degraded,
    updated_at: run.updatedAt,
    completed_at: run.completedAt,
  };
}
