import { Inject, Injectable } from '@nestjs/common';
import { rolesGrant } from '../../auth/permissions.js';
import { PrincipalDirectory, type Standing } from '../../auth/principal-directory.service.js';
import type { Principal } from '../../auth/principal.js';
import { DatabaseService } from '../../database/database.service.js';
import type { Trx } from '../../database/trx.js';
import { AppError } from '../../kernel/app-error.js';
import { CLOCK, type Clock } from '../../kernel/clock.js';
import { newId } from '../../kernel/ids.js';
import type { LoadedApproval, LoadedRun } from '../engine/loaded-run.js';
import { RunLoader } from '../engine/run-loader.service.js';
import { RunEventFeed } from '../events/run-event-feed.service.js';
import { changeOf, type RunChange } from '../runs/run-change.js';
import { RunWriter, StaleRun } from '../runs/run-writer.service.js';
import { ApprovalRepository } from './approval.repository.js';
import { closedFor, hasDecided, notTheirs, refusalByDatabase } from './refusal.js';
import { ReviewRefusals } from './review-refusals.service.js';

/** A say to be handed over. */
export interface Delegation {
  readonly toActorId: string;
  readonly reason?: string;
}

/** Called in the transaction that hands the say over, so that what it writes commits with it. */
export type OnDelegated = (trx: Trx) => Promise<void>;

/** Others may change the run at the same moment. */
const MAX_TRIES = 5;

/** Hands the say of one person on one approval to another. */
@Injectable()
export class DelegationService {
  constructor(
    private readonly database: DatabaseService,
    private readonly approvals: ApprovalRepository,
    private readonly loader: RunLoader,
    private readonly principals: PrincipalDirectory,
    private readonly writer: RunWriter,
    private readonly feed: RunEventFeed,
    private readonly refusals: ReviewRefusals,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * Hands the principal's say over. From then on the other may decide whatever their role, and the principal may not.
   *
   * @throws AppError APPROVAL_NOT_FOUND, RUN_NOT_WAITING, APPROVAL_ALREADY_DECIDED, APPROVAL_NOT_YOURS,
   *   APPROVAL_FOUR_EYES, APPROVAL_DELEGATION_REFUSED. A refusal for who asks is audited before it is answered.
   */
  async delegate(
    principal: Principal,
    approvalId: string,
    delegation: Delegation,
    requestId: string,
    onDelegated: OnDelegated,
  ): Promise<void> {
    const runId = await this.database.withTenant(principal.tenantId, (trx) =>
      this.approvals.runOf(trx, approvalId),
    );
    if (runId === undefined) throw new AppError('APPROVAL_NOT_FOUND');
    for (let tries = 1; ; tries++) {
      try {
        await this.handOver(principal, runId, approvalId, delegation, requestId, onDelegated);
        this.feed.wake(runId);
        return;
      } catch (error) {
        const refusal = refusalByDatabase(error);
        if (refusal) return this.refusals.refuse(runId, principal, requestId, refusal);
        if (!(error instanceof StaleRun)) throw error;
        if (tries >= MAX_TRIES) throw new AppError('RUN_CONFLICT', { cause: error });
      }
    }
  }

  private async handOver(
    principal: Principal,
    runId: string,
    approvalId: string,
    delegation: Delegation,
    requestId: string,
    onDelegated: OnDelegated,
  ): Promise<void> {
    const { tenantId } = principal;
    const outcome = await this.database.withTenant(tenantId, async (trx) => {
      const loaded = await this.loader.loadWithin(trx, tenantId, runId);
      const receiver = await this.principals.standingOf(trx, delegation.toActorId);
      const approval = loaded?.approval?.id === approvalId ? loaded.approval : undefined;
      if (!loaded || !approval) return new AppError('RUN_NOT_WAITING', { detail: 'The run has gone on.' });
      const refusal =
        closedFor(loaded.run, approval, this.clock.now()) ??
        refusalOfGiver(approval, principal) ??
        refusalOfReceiver(approval, principal, delegation.toActorId, receiver);
      if (refusal) return refusal;
      const change = this.changeOf(loaded, approval, principal, delegation, requestId);
      const prepared = this.writer.prepare(loaded.run, change);
      await this.writer.apply(trx, prepared);
      await onDelegated(trx);
      return prepared;
    });
    if (outcome instanceof AppError) await this.refusals.refuse(runId, principal, requestId, outcome);
    else this.writer.committed(outcome);
  }

  private changeOf(
    loaded: LoadedRun,
    approval: LoadedApproval,
    { id: fromActor }: Principal,
    { toActorId: toActor, reason }: Delegation,
    requestId: string,
  ): RunChange {
    const now = this.clock.now();
    const told = reason === undefined ? null : loaded.tokenizer.tokenizeUntrusted(reason, { shared: true });
    const who = { approvalId: approval.id, fromActorId: fromActor, toActorId: toActor };
    return changeOf({
      delegations: [{ id: newId(), approvalId: approval.id, fromActor, toActor, reason: told }],
      vaultEntries: loaded.takeNewEntries(),
      history: [
        {
          kind: 'approval',
          phase: 'REVIEW',
          status: 'delegated',
          detail: { ...who, ...(told !== null && { reason: told }) },
          startedAt: now,
          endedAt: now,
        },
      ],
      events: [{ type: 'approval.delegated', data: who }],
      facts: [
        {
          type: 'approval.delegated',
          outcome: 'success',
          actor: { type: 'apiKey', ref: fromActor },
          targets: [
            { type: 'approval', ref: approval.id },
            { type: 'apiKey', ref: toActor },
          ],
          context: { requestId },
        },
      ],
    });
  }
}

/** Why the principal has no say to hand over. */
function refusalOfGiver(approval: LoadedApproval, principal: Principal): AppError | undefined {
  if (hasDecided(approval, principal.id)) {
    return new AppError('APPROVAL_ALREADY_DECIDED', { detail: 'You have decided on this version already.' });
  }
  if (approval.fourEyes && approval.requesterId === principal.id) {
    return new AppError('APPROVAL_FOUR_EYES', { detail: 'The requester has no say to hand over.' });
  }
  if (approval.delegations.some(({ toActor }) => toActor === principal.id)) {
    return new AppError('APPROVAL_DELEGATION_REFUSED', {
      detail: 'A say that was handed to you is not handed on.',
    });
  }
  return notTheirs(approval, principal);
}

/** Why the other cannot have it. One answer for whoever is unknown here, of another tenant, or has no right to review. */
function refusalOfReceiver(
  approval: LoadedApproval,
  principal: Principal,
  toActorId: string,
  standing: Standing,
): AppError | undefined {
  if (toActorId === principal.id) return refused('It is yours already.');
  if (toActorId === approval.requesterId) return refused('The requester of the run can never receive it.');
  if (standing.outcome !== 'accepted' || !rolesGrant(standing.principal.roles, 'approvals.decide')) {
    return refused('There is no such principal who may decide on approvals.');
  }
  if (hasDecided(approval, toActorId)) return refused('They have decided already.');
  const handedOver = approval.delegations.some(({ fromActor }) => fromActor === toActorId);
  return handedOver ? refused('They have handed their own say to somebody else.') : undefined;
}

function refused(detail: string): AppError {
  return new AppError('APPROVAL_DELEGATION_REFUSED', { detail });
}
