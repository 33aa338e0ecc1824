import { Inject, Injectable } from '@nestjs/common';
import type { Principal } from '../../auth/principal.js';
import type { AuditFact } from '../../compliance/audit/audit-leaf.js';
import { AuditTrail } from '../../compliance/audit/audit-trail.service.js';
import { DatabaseService } from '../../database/database.service.js';
import type { Trx } from '../../database/trx.js';
import { AppError } from '../../kernel/app-error.js';
import { CLOCK, type Clock } from '../../kernel/clock.js';
import { newId } from '../../kernel/ids.js';
import type { LoadedRun } from '../engine/loaded-run.js';
import { RunLoader } from '../engine/run-loader.service.js';
import { endOf } from '../engine/transitions.service.js';
import { RunEventFeed } from '../events/run-event-feed.service.js';
import type { Run } from '../runs/run.js';
import { changeOf, joinChanges, type RunChange } from '../runs/run-change.js';
import { RunRepository } from '../runs/run.repository.js';
import { type PreparedChange, RunWriter } from '../runs/run-writer.service.js';
import { ApprovalRepository, type ApprovalRow, type DecisionRow } from './approval.repository.js';
import { applyEdits, type EmailEdit } from './artifact-edits.js';
import { bindingHash } from './binding.js';

export interface Decision {
  readonly decision: 'approve' | 'reject' | 'request_changes';
  readonly comment?: string;
  readonly edits?: readonly EmailEdit[];
}

/** Called in the transaction that records the decision, so that the answer commits with it. */
export type OnDecided = (trx: Trx, approvalId: string) => Promise<void>;

/** Error code SQLSTATE of the database's own four-eyes check. */
const FOUR_EYES = 'CS001';

/** What people have made of an approval; a cancelled or expired one was decided by nobody. */
const DECIDED: ReadonlySet<string> = new Set(['approved', 'rejected', 'changes_requested']);

type Outcome =
  { readonly done: PreparedChange; readonly approvalId: string } | { readonly refused: AppError };

/** Takes the decisions of people on what a run shows them. */
@Injectable()
export class ReviewService {
  constructor(
    private readonly database: DatabaseService,
    private readonly runs: RunRepository,
    private readonly loader: RunLoader,
    private readonly approvals: ApprovalRepository,
    private readonly writer: RunWriter,
    private readonly audit: AuditTrail,
    private readonly feed: RunEventFeed,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * Records a decision and what follows from it: the run goes on, goes back to GENERATION, or ends REJECTED.
   *
   * @throws AppError WORKFLOW_NOT_FOUND, RUN_NOT_WAITING, APPROVAL_ALREADY_DECIDED, APPROVAL_FOUR_EYES,
   *   VALIDATION_FAILED for edits that do not fit. A refusal for who asks is audited before it is answered.
   */
  async decide(
    principal: Principal,
    runId: string,
    decision: Decision,
    requestId: string,
    onDecided: OnDecided,
  ): Promise<void> {
    const outcome = await this.database
      .withTenant(principal.tenantId, (trx) =>
        this.decideWithin(trx, principal, runId, decision, requestId, onDecided),
      )
      .catch((error: unknown) => {
        if ((error as { code?: string }).code !== FOUR_EYES) throw error;
        return { refused: new AppError('APPROVAL_FOUR_EYES', { cause: error }) };
      });
    if ('refused' in outcome) {
      await this.recordRefusal(principal, runId, outcome.refused.code, requestId);
      throw outcome.refused;
    }
    this.writer.committed(outcome.done);
    this.feed.wake(runId);
  }

  private async decideWithin(
    trx: Trx,
    principal: Principal,
    runId: string,
    decision: Decision,
    requestId: string,
    onDecided: OnDecided,
  ): Promise<Outcome> {
    const run = await this.runs.lock(trx, runId);
    if (!run) throw new AppError('WORKFLOW_NOT_FOUND');
    const approval = (await this.approvals.ofRun(trx, runId)).at(-1);
    const decisions = approval ? await this.approvals.decisions(trx, [approval.id]) : [];
    if (run.status !== 'WAITING_FOR_APPROVAL' || approval?.status !== 'pending') {
      return { refused: notWaiting(run, approval) };
    }
    if (decisions.some((each) => each.actor_id === principal.id)) {
      return {
        refused: new AppError('APPROVAL_ALREADY_DECIDED', {
          detail: 'You have decided on this approval already.',
        }),
      };
    }
    if (approval.expires_at <= this.clock.now()) {
      return { refused: new AppError('RUN_NOT_WAITING', { detail: 'The approval has expired.' }) };
    }
    const loaded = await this.loader.loadWithin(trx, principal.tenantId, runId);
    if (!loaded) throw new AppError('WORKFLOW_NOT_FOUND');
    const change = await this.changeFor(trx, loaded, approval, decisions, principal, decision, requestId);
    const done = this.writer.prepare(run, change);
    await this.writer.apply(trx, done);
    await onDecided(trx, approval.id);
    return { done, approvalId: approval.id };
  }

  private async changeFor(
    trx: Trx,
    loaded: LoadedRun,
    approval: ApprovalRow,
    earlier: readonly DecisionRow[],
    principal: Principal,
    decision: Decision,
    requestId: string,
  ): Promise<RunChange> {
    const now = this.clock.now();
    const edited = decision.edits?.length ? applyEdits(loaded, decision.edits) : undefined;
    const shown = edited
      ? bindingHash(loaded.definition, loaded.input, edited.content.value)
      : approval.binding_hash;
    const comment =
      decision.comment === undefined
        ? null
        : loaded.tokenizer.tokenizeUntrusted(decision.comment, { shared: true });
    await this.approvals.insertDecision(trx, {
      id: newId(),
      tenantId: principal.tenantId,
      runId: approval.run_id,
      approvalId: approval.id,
      actorId: principal.id,
      decision: decision.decision,
      comment,
      bindingHash: shown,
      decidedAt: now,
    });
    const recorded = changeOf({
      contents: edited ? [edited.content] : [],
      artifacts: edited ? [edited.artifact] : [],
      vaultEntries: loaded.takeNewEntries(),
      history: [
        {
          kind: 'approval',
          phase: 'REVIEW',
          status: decision.decision,
          detail: {
            approvalId: approval.id,
            actorId: principal.id,
            ...(comment !== null && { comment }),
            edited: edited !== undefined,
          },
          startedAt: approval.created_at,
          endedAt: now,
        },
      ],
      events: [
        {
          type: 'approval.recorded',
          data: { approvalId: approval.id, actorId: principal.id, decision: decision.decision },
        },
      ],
      facts: [
        {
          type: 'approval.decided',
          outcome: 'success',
          actor: { type: 'apiKey', ref: principal.id },
          targets: [{ type: 'approval', ref: approval.id }],
          oversight: { decision: decision.decision, shown: shown.toString('hex') },
          context: { requestId },
          detail: {
            // How long a person had it before them: evidence of oversight.
            secondsToDecide: Math.round((now.getTime() - approval.created_at.getTime()) / 1_000),
            edited: edited !== undefined,
            fourEyes: approval.four_eyes,
            requesterDecided: principal.id === approval.requester_id,
          },
        },
      ],
    });
    // Approvals of what has been edited since were given to something else.
    const standing = earlier.filter(
      (each) => each.decision === 'approve' && each.binding_hash.equals(shown),
    ).length;
    return joinChanges(
      recorded,
      consequence(decision, approval, standing, principal, shown, edited?.artifact.id),
    );
  }

  private async recordRefusal(
    principal: Principal,
    runId: string,
    code: string,
    requestId: string,
  ): Promise<void> {
    const fact: AuditFact = {
      type: 'approval.denied',
      outcome: 'denied',
      actor: { type: 'apiKey', ref: principal.id },
      targets: [{ type: 'workflow', ref: runId }],
      code,
      context: { requestId },
    };
    await this.database.withTenant(principal.tenantId, (trx) =>
      this.audit.append(trx, principal.tenantId, fact),
    );
  }
}

function notWaiting(run: Run, approval: ApprovalRow | undefined): AppError {
  if (approval && DECIDED.has(approval.status) && approval.round === run.round) {
    return new AppError('APPROVAL_ALREADY_DECIDED', { detail: `The approval is ${approval.status}.` });
  }
  return new AppError('RUN_NOT_WAITING', { detail: `The run is ${run.status}.` });
}

/** What follows from a decision. */
function consequence(
  { decision }: Decision,
  approval: ApprovalRow,
  earlierApprovals: number,
  principal: Principal,
  bound: Buffer,
  editedArtifactId: string | undefined,
): RunChange {
  const actor = { type: 'apiKey', ref: principal.id } as const;
  const close = (status: string) =>
    changeOf({
      closedApprovals: [{ id: approval.id, status, bindingHash: bound, artifactId: editedArtifactId }],
    });
  switch (decision) {
    case 'reject':
      return joinChanges(close('rejected'), endOf('REJECTED', actor, { approvalId: approval.id }));
    case 'request_changes':
      return joinChanges(
        close('changes_requested'),
        changeOf({ status: 'RUNNING', jobs: [{ name: 'workflow.drive' }] }),
      );
    case 'approve':
      return earlierApprovals + 1 < approval.required_approvals
        ? close('pending')
        : joinChanges(close('approved'), changeOf({ status: 'RUNNING', jobs: [{ name: 'workflow.drive' }] }));
  }
}
