import { Injectable } from '@nestjs/common';
import type { Trx } from '../../database/trx.js';

@Injectable()
export class ApprovalRepository {
  /** The approval that a round of REVIEW has asked for. */
  ofRound(trx: Trx, runId: string, round: number) {
    return trx
      .selectFrom('approval')
      .selectAll()
      .where('run_id', '=', runId)
      .where('round', '=', round)
      .executeTakeFirst();
  }

  /** Every approval of a run, oldest first. */
  ofRun(trx: Trx, runId: string) {
    return this.withContentHash(trx).where('approval.run_id', '=', runId).orderBy('approval.id').execute();
  }

  /** Approvals by status, newest first; `before` is the id of the last one already seen. */
  list(trx: Trx, status: string | undefined, limit: number, before?: string) {
    let rows = this.withContentHash(trx).orderBy('approval.id', 'desc').limit(limit);
    if (status) rows = rows.where('approval.status', '=', status);
    if (before) rows = rows.where('approval.id', '<', before);
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
      .select('artifact.content_hash as content_hash');
  }
}

export type ApprovalRow = Awaited<ReturnType<ApprovalRepository['ofRun']>>[number];
export type DecisionRow = Awaited<ReturnType<ApprovalRepository['decisions']>>[number];
export type RoundApprovalRow = NonNullable<Awaited<ReturnType<ApprovalRepository['ofRound']>>>;
