import { Injectable } from '@nestjs/common';
import { sql } from 'kysely';
import type { Principal } from '../../auth/principal.js';
import type { Trx } from '../../database/trx.js';

@Injectable()
export class ApprovalRepository {
  /** The approval that a round of REVIEW has asked for. */
  ofRound(trx: Trx, runId: string, round: number) {
    return trx
      .selectFrom('approval')
      .selectAll('approval')
      .select(delegations())
      .where('run_id', '=', runId)
      .where('round', '=', round)
      .executeTakeFirst();
  }

  /** An approval with the hash of what it shows. */
  find(trx: Trx, id: string) {
    return this.withContentHash(trx).where('approval.id', '=', id).executeTakeFirst();
  }

  /** The run that an approval belongs to. */
  async runOf(trx: Trx, id: string): Promise<string | undefined> {
    const row = await trx.selectFrom('approval').select('run_id').where('id', '=', id).executeTakeFirst();
    return row?.run_id;
  }

  /** Every approval of a run, oldest first. */
  ofRun(trx: Trx, runId: string) {
    return this.withContentHash(trx).where('approval.run_id', '=', runId).orderBy('approval.id').execute();
  }

  /** Approvals newest first. */
  list(trx: Trx, { status, limit, before, waitsFor, now }: ApprovalFilter) {
    let rows = this.withContentHash(trx).orderBy('approval.id', 'desc').limit(limit);
    if (status) rows = rows.where('approval.status', '=', status);
    if (before) rows = rows.where('approval.id', '<', before);
    if (waitsFor) rows = rows.where(waitsForPrincipal(waitsFor, now));
    return rows.execute();
  }

  decisions(trx: Trx, approvalIds: readonly string[]) {
    if (approvalIds.length === 0) return Promise.resolve([]);
    return trx
      .selectFrom('approval_decision')
      .selectAll()
      .where('approval_id', 'in', [...approvalIds])
      .orderBy('id')
      .execute();
  }

  /** What reviewers have asked to be changed, oldest first; tokens stand in place of personal data. */
  async changeRequests(trx: Trx, runId: string): Promise<string[]> {
    const rows = await trx
      .selectFrom('approval_decision')
      .innerJoin('approval', 'approval.id', 'approval_decision.approval_id')
      .select('comment')
      .where('approval.run_id', '=', runId)
      .where('decision', '=', 'request_changes')
      .where('comment', 'is not', null)
      .orderBy('approval_decision.id')
      .execute();
    return rows.map((row) => row.comment as string);
  }

  private withContentHash(trx: Trx) {
    return trx
      .selectFrom('approval')
      .innerJoin('artifact', 'artifact.id', 'approval.artifact_id')
      .selectAll('approval')
      .select('artifact.content_hash as content_hash')
      .select(delegations());
  }
}

export interface ApprovalFilter {
  readonly status?: string;
  readonly limit: number;
  /** Id of the last one already seen. */
  readonly before?: string;
  /** Only those on which this principal can decide now. */
  readonly waitsFor?: Pick<Principal, 'id' | 'roles'>;
  readonly now: Date;
}

/** The rules of `refusal.ts`, as a condition; a requester under four eyes is not waited for, though they may reject. */
function waitsForPrincipal({ id, roles }: Pick<Principal, 'id' | 'roles'>, now: Date) {
  return sql<boolean>`(
    approval.status = 'pending' and approval.expires_at > ${now}
    and not (approval.four_eyes and approval.requester_id = ${id})
    and (approval.roles && ${[...roles]}::text[] or exists (
      select from approval_delegation d where d.approval_id = approval.id and d.to_actor = ${id}))
    and not exists (
      select from approval_delegation d where d.approval_id = approval.id and d.from_actor = ${id})
    and not exists (
      select from approval_decision d where d.approval_id = approval.id and d.actor_id = ${id}
        and d.binding_hash = approval.binding_hash)
  )`;
}

/** Whose say was handed to whom, read with the approval itself. */
interface StoredDelegation {
  readonly from_actor: string;
  readonly to_actor: string;
  readonly reason: string | null;
  readonly created_at: string;
}

function delegations() {
  return sql<readonly StoredDelegation[]>`(
    select coalesce(json_agg(d order by d.id), '[]') from approval_delegation d where d.approval_id = approval.id
  )`.as('delegations');
}

/** The delegations of an approval's row. */
export function delegationsOf(row: { readonly delegations: readonly StoredDelegation[] }) {
  return row.delegations.map((each) => ({
    fromActor: each.from_actor,
    toActor: each.to_actor,
    reason: each.reason,
    createdAt: new Date(each.created_at),
  }));
}

export type ApprovalRow = Awaited<ReturnType<ApprovalRepository['ofRun']>>[number];
export type DecisionRow = Awaited<ReturnType<ApprovalRepository['decisions']>>[number];
export type RoundApprovalRow = NonNullable<Awaited<ReturnType<ApprovalRepository['ofRound']>>>;
