import { Inject, Injectable } from '@nestjs/common';
import type { Principal } from '../../auth/principal.js';
import type { AuditFact } from '../../compliance/audit/audit-leaf.js';
import type { Trx } from '../../database/trx.js';
import type { PolicyDecision } from '../../compliance/policy/policy-decisions.service.js';
import { AppError } from '../../kernel/app-error.js';
import { CLOCK, type Clock } from '../../kernel/clock.js';
import { newId } from '../../kernel/ids.js';
import { HandOver } from '../engine/hand-over.service.js';
import type { LoadedApproval, LoadedRun } from '../engine/loaded-run.js';
import { RunLoader } from '../engine/run-loader.service.js';
import { endOf } from '../engine/transitions.service.js';
import { WaitingRuns } from '../engine/waiting-runs.js';
import { keptOf, recordOf, violationsOf } from '../policies/policy-record.js';
import { RunPolicies } from '../policies/run-policies.service.js';
import { changeOf, joinChanges, type RunChange } from '../runs/run-change.js';
import { StaleRun } from '../runs/run-writer.service.js';
import { applyEdits, type EmailEdit } from './artifact-edits.js';
import { secondsBetween, wakesOf } from './approval-times.js';
import { bindingHash } from './binding.js';
import { statusAfter } from './count-decisions.js';
import { refusalByDatabase, refusalOf } from './refusal.js';
import { ReviewRefusals } from './review-refusals.service.js';

export interface Decision {
  readonly decision: 'approve' | 'reject' | 'request_changes';
  readonly comment?: string;
  readonly edits?: readonly EmailEdit[];
}

/** Called in the transaction that records the decision, so that what it writes commits with it. */
export type OnDecided = (trx: Trx, decided: DecidedApproval) => Promise<void>;

/** An approval as it stands after a decision. */
export interface DecidedApproval {
  readonly approval: LoadedApproval;
  readonly runId: string;
  readonly round: number;
  /** SHA-256 of the artefact decided on. */
  readonly contentHash: Buffer;
}

/**
 * Others may decide at the same moment; each time what they have decided is read first. Only a decision that was taken
 * pushes another aside, and an approval takes fewer than this, so that none is lost.
 */
const MAX_TRIES = 32;

/** A decision with who makes it and where. */
interface Request extends Decision {
  readonly principal: Principal;
  readonly requestId: string;
  /** What the policies say of an approval. */
  readonly permission?: PolicyDecision;
  /**
   * Whether the run is looked at as this process remembers it. That is good enough to decide by, for the version guards
   * the commit; nobody is refused by it.
   */
  readonly isRemembered: boolean;
}

/** Takes the decisions of people on what a run shows them. */
@Injectable()
export class ReviewService {
  constructor(
    private readonly loader: RunLoader,
    private readonly waiting: WaitingRuns,
    private readonly handOver: HandOver,
    private readonly refusals: ReviewRefusals,
    private readonly policies: RunPolicies,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * Records a decision and what follows from it: the run goes on, goes back to GENERATION, or ends REJECTED.
   *
   * @throws AppError WORKFLOW_NOT_FOUND, RUN_NOT_WAITING, APPROVAL_ALREADY_DECIDED, APPROVAL_FOUR_EYES,
   *   APPROVAL_NOT_YOURS, TRANSITION_DENIED by a policy, VALIDATION_FAILED for edits that do not fit. A refusal for who asks is audited before it is answered.
   */
  async decide(
    principal: Principal,
    runId: string,
    decision: Decision,
    requestId: string,
    onDecided?: OnDecided,
  ): Promise<DecidedApproval> {
    for (let tries = 1; ; tries++) {
      const remembered = tries === 1 ? this.waiting.take(principal.tenantId, runId) : undefined;
      const loaded = remembered ?? (await this.loader.load(principal.tenantId, runId));
      if (!loaded) throw new AppError('WORKFLOW_NOT_FOUND');
      const request = { ...decision, principal, requestId, isRemembered: remembered !== undefined };
      try {
        return await this.decideOn(loaded, request, onDecided);
      } catch (error) {
        if (!(error instanceof StaleRun)) throw error;
        if (tries >= MAX_TRIES) throw new AppError('RUN_CONFLICT', { cause: error });
      }
    }
  }

  private async decideOn(
    loaded: LoadedRun,
    request: Request,
    onDecided?: OnDecided,
  ): Promise<DecidedApproval> {
    const { approval, run } = loaded;
    const refusal = refusalOf(run, approval, request.principal, request.decision, this.clock.now());
    if (request.isRemembered && (refusal || !approval)) throw new StaleRun(run.id);
    if (refusal || !approval)
      return this.refusals.refuse(
        run.id,
        request.principal,
        request.requestId,
        refusal ?? new AppError('RUN_NOT_WAITING'),
      );
    const permission =
      request.decision === 'approve'
        ? await this.policies.decideApproval(loaded, request.principal)
        : undefined;
    if (permission && permission.result !== 'allow') {
      if (request.isRemembered) throw new StaleRun(run.id);
      const violations = violationsOf(permission);
      const denied = new AppError('TRANSITION_DENIED', { members: { violations } });
      return this.refusals.refuse(run.id, request.principal, request.requestId, denied, permission);
    }
    const change = this.changeOf(loaded, approval, { ...request, permission });
    const decided = {
      approval: loaded.approval ?? approval,
      runId: run.id,
      round: run.round,
      contentHash: loaded.artifact?.contentHash ?? Buffer.alloc(0),
    };
    try {
      await this.handOver.proceed(loaded, change, onDecided && ((trx) => onDecided(trx, decided)));
    } catch (error) {
      const refusedByDatabase = refusalByDatabase(error);
      if (!refusedByDatabase) throw error;
      return this.refusals.refuse(run.id, request.principal, request.requestId, refusedByDatabase);
    }
    return decided;
  }

  /** Records the decision, and lets the run as loaded know of it, so that it can go on from here. */
  private changeOf(loaded: LoadedRun, approval: LoadedApproval, request: Request): RunChange {
    const now = this.clock.now();
    const { principal, decision } = request;
    const edited = request.edits?.length ? applyEdits(loaded, request.edits) : undefined;
    const shown = edited
      ? bindingHash(loaded.definition, loaded.input, edited.content.value)
      : approval.bindingHash;
    const comment =
      request.comment === undefined
        ? null
        : loaded.tokenizer.tokenizeUntrusted(request.comment, { shared: true });
    const decisions = [
      ...approval.decisions,
      { actorId: principal.id, decision, comment, bindingHash: shown, decidedAt: now },
    ];
    const status = statusAfter(decisions, approval, shown);
    loaded.decide(
      {
        ...approval,
        status,
        bindingHash: shown,
        artifactId: edited?.artifact.id ?? approval.artifactId,
        decisions,
      },
      edited && {
        id: edited.artifact.id,
        version: edited.artifact.version,
        contentHash: edited.content.hash,
        content: edited.content.value,
      },
      decision === 'request_changes' ? comment : null,
    );
    const recorded = changeOf({
      contents: edited ? [edited.content] : [],
      artifacts: edited ? [edited.artifact] : [],
      vaultEntries: loaded.takeNewEntries(),
      decisions: [
        {
          id: newId(),
          approvalId: approval.id,
          actorId: principal.id,
          decision,
          comment,
          bindingHash: shown,
          decidedAt: now,
        },
      ],
      closedApprovals: [{ id: approval.id, status, bindingHash: shown, artifactId: edited?.artifact.id }],
      history: [
        {
          kind: 'approval',
          phase: 'REVIEW',
          status: decision,
          detail: {
            approvalId: approval.id,
            actorId: principal.id,
            ...(comment !== null && { comment }),
            edited: edited !== undefined,
            ...(request.permission && { policy: keptOf(request.permission) }),
          },
          startedAt: approval.createdAt,
          endedAt: now,
        },
      ],
      events: [
        { type: 'approval.recorded', data: { approvalId: approval.id, actorId: principal.id, decision } },
      ],
      facts: [decidedFact(approval, request, shown, edited !== undefined, now)],
      // Nobody has to be waited for any more.
      endedJobs: status === 'pending' ? [] : wakesOf(approval).map(({ id, name }) => ({ id, name })),
    });
    return joinChanges(recorded, consequence(status, approval, principal));
  }
}

/** What follows from it for the run. */
function consequence(status: string, approval: LoadedApproval, principal: Principal): RunChange {
  const actor = { type: 'apiKey', ref: principal.id } as const;
  if (status === 'rejected') return endOf('REJECTED', actor, { approvalId: approval.id });
  return changeOf({ status: status === 'pending' ? undefined : 'RUNNING' });
}

function decidedFact(
  approval: LoadedApproval,
  { principal, decision, requestId, permission }: Request,
  shown: Buffer,
  edited: boolean,
  now: Date,
): AuditFact {
  return {
    type: 'approval.decided',
    outcome: 'success',
    actor: { type: 'apiKey', ref: principal.id },
    targets: [{ type: 'approval', ref: approval.id }],
    decision: permission && recordOf(permission),
    oversight: {
      decision,
      shown: shown.toString('hex'),
      // How long a person had it before them: evidence of oversight.
      seconds: secondsBetween(approval.createdAt, now),
    },
    context: { requestId },
    detail: { edited, fourEyes: approval.fourEyes, requesterDecided: principal.id === approval.requesterId },
  };
}
