import { Injectable } from '@nestjs/common';
import type { Trx } from '../../database/trx.js';
import { AppError } from '../../kernel/app-error.js';
import { isId } from '../../kernel/ids.js';
import { presentApproval, presentArtifact } from '../run.presenter.js';
import { RunRepository } from '../runs/run.repository.js';
import { ApprovalRepository } from './approval.repository.js';

/** An approval with all that somebody needs to decide on it. */
@Injectable()
export class ApprovalView {
  constructor(
    private readonly approvals: ApprovalRepository,
    private readonly runs: RunRepository,
  ) {}

  /** The approval with the artefact shown. @throws AppError APPROVAL_NOT_FOUND. */
  async get(trx: Trx, id: string) {
    const approval = isId(id) ? await this.approvals.find(trx, id) : undefined;
    if (!approval) throw new AppError('APPROVAL_NOT_FOUND');
    const decisions = await this.approvals.decisions(trx, [id]);
    const shown = await this.runs.artifact(trx, approval.artifact_id);
    return {
      ...presentApproval(approval, decisions),
      remindsAt: approval.remind_at,
      artifact: shown ? presentArtifact(shown) : null,
    };
  }
}
