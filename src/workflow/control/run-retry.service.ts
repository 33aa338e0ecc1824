import { Inject, Injectable } from '@nestjs/common';
import type { Principal } from '../../auth/principal.js';
import { AuditTrail } from '../../compliance/audit/audit-trail.service.js';
import { ConsentService } from '../../compliance/consent/consent.service.js';
import { DatabaseService } from '../../database/database.service.js';
import { AppError } from '../../kernel/app-error.js';
import { CLOCK, type Clock } from '../../kernel/clock.js';
import { agentStepsOf } from '../definitions/definition-checks.js';
import { HandOver, type InTransaction } from '../engine/hand-over.service.js';
import type { LoadedRun } from '../engine/loaded-run.js';
import { RunLoader } from '../engine/run-loader.service.js';
import { deadlineJobOf, type Run } from '../runs/run.js';
import { changeOf, type HistoryEntry, type RunChange, type RunJobRequest } from '../runs/run-change.js';
import { EMPTY_CONTEXT, readContext } from '../runs/run-context.js';
import { StaleRun } from '../runs/run-writer.service.js';
import { UncertainDeliveries } from './uncertain-deliveries.repository.js';

/** Why a run is not retried. */
interface Refusal {
  readonly reason: 'status' | 'consent' | 'deliveries_uncertain' | 'approval_expired';
  readonly detail: string;
}

/** Lets a failed run go on from the step that failed. What was completed is kept and not done again. */
@Injectable()
export class RunRetry {
  constructor(
    private readonly database: DatabaseService,
    private readonly loader: RunLoader,
    private readonly deliveries: UncertainDeliveries,
    private readonly consents: ConsentService,
    private readonly handOver: HandOver,
    private readonly audit: AuditTrail,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * Sets a failed run going again, as its next attempt. Its session need not be live any more, but the consents recorded
   * in it must still cover everybody.
   *
   * @throws AppError WORKFLOW_NOT_FOUND; RUN_NOT_RETRYABLE with a `reason`, after the refusal was audited; RUN_CONFLICT
   *   when somebody else changes the run at the same moment.
   */
  async retry(
    principal: Principal,
    runId: string,
    requestId: string,
    inTransaction?: InTransaction,
  ): Promise<Run> {
    const { loaded, isUncertain } = await this.load(principal.tenantId, runId);
    const refusal = await this.refusalOf(loaded, isUncertain);
    if (refusal) return this.refuse(principal, runId, requestId, refusal);
    try {
      const change = retryOf(loaded, principal, requestId, this.clock.now());
      return await this.handOver.proceed(loaded, change, inTransaction);
    } catch (error) {
      if (error instanceof StaleRun) throw new AppError('RUN_CONFLICT', { cause: error });
      throw error;
    }
  }

  private load(tenantId: string, runId: string): Promise<{ loaded: LoadedRun; isUncertain: boolean }> {
    return this.database.withTenant(tenantId, async (trx) => {
      const loaded = await this.loader.loadWithin(trx, tenantId, runId);
      if (!loaded) throw new AppError('WORKFLOW_NOT_FOUND');
      return { loaded, isUncertain: await this.deliveries.exist(trx, runId) };
    });
  }

  private async refusalOf(loaded: LoadedRun, isUncertain: boolean): Promise<Refusal | undefined> {
    const { run, definition } = loaded;
    if (run.status !== 'FAILED') return { reason: 'status', detail: `The run is ${run.status}.` };
    if (loaded.approval?.status === 'expired') {
      return {
        reason: 'approval_expired',
        detail: 'Its approval has expired with it: fork the run from REVIEW, so that people are asked anew.',
      };
    }
    if (isUncertain) {
      return {
        reason: 'deliveries_uncertain',
        detail: 'Nobody knows what became of some of its messages: settle these deliveries first.',
      };
    }
    const { tenantId, sessionId } = run;
    const refs = loaded.recipientRefs();
    const { missing } = await this.consents.covers(tenantId, sessionId, definition.purpose, refs);
    if (missing === 0) return undefined;
    return {
      reason: 'consent',
      detail: `No granted consent for the purpose "${definition.purpose}" covers ${missing} of the recipients.`,
    };
  }

  /** A refusal is a result too: it is recorded, then answered. */
  private async refuse(
    principal: Principal,
    runId: string,
    requestId: string,
    { reason, detail }: Refusal,
  ): Promise<never> {
    await this.database.withTenant(principal.tenantId, (trx) =>
      this.audit.append(trx, principal.tenantId, {
        type: 'workflow.retry_denied',
        outcome: 'denied',
        actor: { type: 'apiKey', ref: principal.id },
        targets: [{ type: 'workflow', ref: runId }],
        code: 'RUN_NOT_RETRYABLE',
        context: { requestId },
        detail: { reason },
      }),
    );
    throw new AppError('RUN_NOT_RETRYABLE', { detail, members: { reason } });
  }
}

function retryOf(loaded: LoadedRun, principal: Principal, requestId: string, now: Date): RunChange {
  const { run } = loaded;
  const attempt = run.attempt + 1;
  // A run can fail while people are still asked, when what drives it meets a fault.
  const status = loaded.approval?.status === 'pending' ? 'WAITING_FOR_APPROVAL' : 'RUNNING';
  const failure = (readContext(run.context) ?? EMPTY_CONTEXT).lastError?.code;
  const { timeoutSeconds } = loaded.definition;
  // It gets the whole time again, or it would be late at once.
  const deadlineAt =
    timeoutSeconds === undefined ? undefined : new Date(now.getTime() + timeoutSeconds * 1_000);
  return changeOf({
    status,
    attempt,
    deadlineAt,
    history: [
      {
        kind: 'control',
        phase: run.phase,
        attempt,
        status: 'retried',
        detail: { actorId: principal.id, requestId, ...(failure !== undefined && { failure }) },
        startedAt: now,
        endedAt: now,
      },
      ...reopened(loaded, attempt, now),
    ],
    events: [{ type: 'workflow.retried', data: { attempt, phase: run.phase, actorId: principal.id } }],
    facts: [
      {
        type: 'workflow.retried',
        outcome: 'success',
        actor: { type: 'apiKey', ref: principal.id },
        change: { from: run.status, to: status },
        context: { requestId },
        detail: { attempt },
      },
    ],
    jobs: [
      ...jobsOf(loaded),
      ...(deadlineAt
        ? [{ name: 'workflow.drive' as const, id: deadlineJobOf(run), startAfter: deadlineAt }]
        : []),
    ],
  });
}

/** What of its phase has failed, or was given up for that, is done after all. */
function reopened(loaded: LoadedRun, attempt: number, now: Date): HistoryEntry[] {
  const { run, steps, definition } = loaded;
  // What people will be shown has been made without it.
  if (definition.phases[run.phase].artifact && loaded.artifact) return [];
  return agentStepsOf(definition.phases[run.phase])
    .filter((step) => steps.hasFailures(loaded.keyOf(step, run)))
    .map((step) => {
      const key = loaded.keyOf(step, run);
      steps.note({ key, status: 'reopened', output: undefined, detail: undefined });
      return {
        kind: 'step',
        stepKey: key,
        phase: run.phase,
        agent: step.agent,
        attempt,
        status: 'reopened',
        startedAt: now,
        endedAt: now,
      };
    });
}

/** What the run had to be woken by has gone with the attempt that failed. */
function jobsOf(loaded: LoadedRun): RunJobRequest[] {
  const { run, definition, approval } = loaded;
  if (approval?.status === 'pending') return [{ name: 'workflow.drive', startAfter: approval.expiresAt }];
  const delivers =
    run.phase === 'DELIVERY' &&
    definition.phases.DELIVERY.delivery &&
    !loaded.deliverySignal() &&
    !loaded.holdsBackDelivery(run);
  return delivers ? [{ name: 'delivery.deliver' }] : [];
}
