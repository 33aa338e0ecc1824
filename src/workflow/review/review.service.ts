import { Inject, Injectable } from '@nestjs/common';
import type { Principal } from '../../auth/principal.js';
import type { AuditFact } from '../../compliance/audit/audit-leaf.js';
import { AuditTrail } from '../../compliance/audit/audit-trail.service.js';
import { DatabaseService } from '../../database/database.service.js';
import type { Trx } from '../../database/trx.js';
import { AppError } from '../../kernel/app-error.js';
import { CLOCK, type Clock } from '../../kernel/clock.js';
import { newId } from '../../kernel/ids.js';
import { HandOver } from '../engine/hand-over.service.js';
import type { LoadedApproval, LoadedRun } from '../engine/loaded-run.js';
import { RunLoader } from '../engine/run-loader.service.js';
import { endOf } from '../engine/transitions.service.js';
import { WaitingRuns } from '../engine/waiting-runs.js';
import type { Run } from '../runs/run.js';
import { changeOf, joinChanges, type RunChange } from '../runs/run-change.js';
import { StaleRun } from '../runs/run-writer.service.js';
import { applyEdits, type EmailEdit } from './artifact-edits.js';
import { bindingHash } from './binding.js';

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

/** SQLSTATE of the database's own four-eyes check. */
const FOUR_EYES = 'CS001';

/** What people have made of an approval; a cancelled or expired one was decided by nobody. */
const DECIDED: ReadonlySet<string> = new Set(['approved', 'rejected', 'changes_requested']);

/** Others may decide at the same moment; each time what they have decided is read first. */
const MAX_TRIES = 5;

/** A decision with who makes it and where. */
interface Request extends Decision {
  readonly principal: Principal;
  readonly requestId: string;
}

/** Takes the decisions of people on what a run shows them. */
@Injectable()
export class ReviewService {
  constructor(
    private readonly database: DatabaseService,
    private readonly loader: RunLoader,
    private readonly waiting: WaitingRuns,
    private readonly handOver: HandOver,
    private readonly audit: AuditTrail,
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
    onDecided?: OnDecided,
  ): Promise<DecidedApproval> {
    for (let tries = 1; ; tries++) {
      const loaded =
        (tries === 1 ? this.waiting.take(principal.tenantId, runId) : undefined) ??
        (await this.loader.load(principal.tenantId, runId));
      if (!loaded) throw new AppError('WORKFLOW_NOT_FOUND');
      try {
        return await this.decideOn(loaded, { ...decision, principal, requestId }, onDecided);
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
    const refusal = refusalOf(run, approval, request, this.clock.now());
    if (refusal || !approval) return this.refuse(run.id, request, refusal ?? notWaiting(run, approval));
    const change = this.changeOf(loaded, approval, request);
    const decided = {
      approval: loaded.approval ?? approval,
      runId: run.id,
      round: run.round,
      contentHash: loaded.artifact?.contentHash ?? Buffer.alloc(0),
    };
    try {
      await this.handOver.proceed(loaded, change, onDecided && ((trx) => onDecided(trx, decided)));
    } catch (error) {
      if ((error as { code?: string }).code !== FOUR_EYES) throw error;
      return this.refuse(run.id, request, new AppError('APPROVAL_FOUR_EYES', { cause: error }));
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
    const status = statusAfter(decision, decisions, approval, shown);
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
      endedJobs: status === 'pending' ? [] : [{ id: approval.id, name: 'workflow.drive' }],
    });
    return joinChanges(recorded, consequence(status, approval, principal));
  }

  /** A refusal is a result too: it is recorded, then answered. */
  private async refuse(runId: string, { principal, requestId }: Request, refusal: AppError): Promise<never> {
    const fact: AuditFact = {
      type: 'approval.denied',
      outcome: 'denied',
      actor: { type: 'apiKey', ref: principal.id },
      targets: [{ type: 'workflow', ref: runId }],
      code: refusal.code,
      context: { requestId },
    };
    await this.database.withTenant(principal.tenantId, (trx) =>
      this.audit.append(trx, principal.tenantId, fact),
    );
    throw refusal;
  }
}

/** Why this decision is not taken; undefined when it is. */
function refusalOf(
  run: Run,
  approval: LoadedApproval | undefined,
  { principal, decision }: Request,
  now: Date,
): AppError | undefined {
  if (run.status !== 'WAITING_FOR_APPROVAL' || approval?.status !== 'pending')
    return notWaiting(run, approval);
  if (approval.decisions.some((each) => each.actorId === principal.id)) {
    return new AppError('APPROVAL_ALREADY_DECIDED', {
      detail: 'You have decided on this approval already.',
    });
  }
  if (approval.expiresAt <= now) {
    return new AppError('RUN_NOT_WAITING', { detail: 'The approval has expired.' });
  }
  if (decision === 'approve' && approval.fourEyes && approval.requesterId === principal.id) {
    return new AppError('APPROVAL_FOUR_EYES');
  }
  return undefined;
}

function notWaiting(run: Run, approval: LoadedApproval | undefined): AppError {
  if (approval && DECIDED.has(approval.status)) {
    return new AppError('APPROVAL_ALREADY_DECIDED', { detail: `The approval is ${approval.status}.` });
  }
  return new AppError('RUN_NOT_WAITING', { detail: `The run is ${run.status}.` });
}

/** What an approval has come to with its newest decision. */
function statusAfter(
  decision: Decision['decision'],
  decisions: LoadedApproval['decisions'],
  approval: LoadedApproval,
  shown: Buffer,
): string {
  if (decision === 'reject') return 'rejected';
  if (decision === 'request_changes') return 'changes_requested';
  // Approvals of what has been edited since were given to something else.
  const standing = decisions.filter((each) => each.decision === 'approve' && each.bindingHash.equals(shown));
  return standing.length < approval.requiredApprovals ? 'pending' : 'approved';
}

/** What follows from it for the run. */
function consequence(status: string, approval: LoadedApproval, principal: Principal): RunChange {
  const actor = { type: 'apiKey', ref: principal.id } as const;
  if (status === 'rejected') return endOf('REJECTED', actor, { approvalId: approval.id });
  return changeOf({ status: status === 'pending' ? undefined : 'RUNNING' });
}

function decidedFact(
  approval: LoadedApproval,
  { principal, decision, requestId }: Request,
  shown: Buffer,
  edited: boolean,
  now: Date,
): AuditFact {
  return {
    type: 'approval.decided',
    outcome: 'success',
    actor: { type: 'apiKey', ref: principal.id },
    targets: [{ type: 'approval', ref: approval.id }],
    oversight: { decision, shown: shown.toString('hex') },
    context: { requestId },
    detail: {
      // How long a person had it before them: evidence of oversight.
      secondsToDecide: Math.round((now.getTime() - approval.createdAt.getTime()) / 1_000),
      edited,
      fourEyes: approval.fourEyes,
      requesterDecided: principal.id === approval.requesterId,
    },
  };
}
