import { Body, Controller, Get, Inject, Param, Post, Query, Req } from '@nestjs/common';
import { ApiCreatedResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { CurrentPrincipal } from '../../auth/current-principal.js';
import type { PrincipalRequest } from '../../auth/principal-request.js';
import type { Principal } from '../../auth/principal.js';
import { RequirePermission } from '../../auth/require-permission.js';
import { DatabaseService } from '../../database/database.service.js';
import type { Trx } from '../../database/trx.js';
import { ApiPage } from '../../http/api-page.js';
import { Idempotent } from '../../http/idempotent.js';
import { lastIdOf, type Page, pageOf } from '../../http/paging.js';
import { AppError } from '../../kernel/app-error.js';
import { CLOCK, type Clock } from '../../kernel/clock.js';
import { isId } from '../../kernel/ids.js';
import { presentApproval, presentDecided } from '../run.presenter.js';
import { RunRepository } from '../runs/run.repository.js';
import { DecisionDto, ListApprovalsQuery } from '../workflow.dto.js';
import { ApprovalDto } from './approval.dto.js';
import { ApprovalRepository } from './approval.repository.js';
import { ReviewService } from './review.service.js';

@ApiTags('Approvals')
@Controller({ version: '1' })
export class ApprovalsController {
  constructor(
    private readonly review: ReviewService,
    private readonly approvals: ApprovalRepository,
    private readonly runs: RunRepository,
    private readonly database: DatabaseService,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  @Get('approvals')
  @ApiOperation({
    summary: 'List approvals, newest first; `?status=pending&mine=true` is what waits for you',
  })
  @ApiPage(ApprovalDto)
  @RequirePermission('approvals.read')
  async list(
    @CurrentPrincipal() principal: Principal,
    @Query() query: ListApprovalsQuery,
  ): Promise<Page<unknown>> {
    const before = query.cursor ? lastIdOf(query.cursor) : undefined;
    return this.database.withTenant(principal.tenantId, async (trx) => {
      const rows = await this.approvals.list(trx, {
        status: query.status,
        limit: query.limit + 1,
        before,
        waitsFor: query.mine === 'true' ? principal : undefined,
        now: this.clock.now(),
      });
      const page = pageOf(rows, query.limit, (row) => [row.id]);
      const decisions = await this.approvals.decisions(
        trx,
        page.items.map((row) => row.id),
      );
      return { ...page, items: page.items.map((row) => presentApproval(row, decisions)) };
    });
  }

  @Get('workflows/:id/approvals')
  @ApiOperation({ summary: 'List the approvals of a run' })
  @ApiPage(ApprovalDto)
  @RequirePermission('approvals.read')
  async ofRun(@CurrentPrincipal() principal: Principal, @Param('id') id: string): Promise<Page<unknown>> {
    return this.database.withTenant(principal.tenantId, async (trx) => {
      if (!isId(id) || !(await this.runs.find(trx, id))) throw new AppError('WORKFLOW_NOT_FOUND');
      return { items: await this.presentAll(trx, id), nextCursor: null };
    });
  }

  /** Decides on what a waiting run shows. The decision binds the content, the action and the recipients. */
  @Post('workflows/:id/approvals')
  @ApiOperation({ summary: 'Decide on what a waiting run shows' })
  @ApiCreatedResponse({ type: ApprovalDto })
  @Idempotent()
  @RequirePermission('approvals.decide')
  async decide(
    @CurrentPrincipal() principal: Principal,
    @Param('id') id: string,
    @Body() body: DecisionDto,
    @Req() request: PrincipalRequest,
  ): Promise<unknown> {
    if (!isId(id)) throw new AppError('WORKFLOW_NOT_FOUND');
    refuseContradictions(body);
    const decided = await this.review.decide(
      principal,
      id,
      { decision: body.decision, comment: body.comment, edits: body.edits?.emails },
      request.id,
      request.idempotency &&
        (async (trx, answered) => request.idempotency?.store(trx, 201, presentDecided(answered))),
    );
    return presentDecided(decided);
  }

  private async presentAll(trx: Trx, runId: string) {
    const approvals = await this.approvals.ofRun(trx, runId);
    const decisions = await this.approvals.decisions(
      trx,
      approvals.map((approval) => approval.id),
    );
    return approvals.map((approval) => presentApproval(approval, decisions));
  }
}

function refuseContradictions({ decision, comment, edits }: DecisionDto): void {
  if (decision === 'request_changes' && !comment?.trim()) {
    throw new AppError('VALIDATION_FAILED', {
      errors: [{ path: 'comment', message: 'must say what is to be changed' }],
    });
  }
  if (decision !== 'approve' && edits) {
    throw new AppError('VALIDATION_FAILED', {
      errors: [{ path: 'edits', message: 'go with the decision approve only' }],
    });
  }
}
