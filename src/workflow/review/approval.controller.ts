import { Body, Controller, Get, Param, Post, Req } from '@nestjs/common';
import { ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { CurrentPrincipal } from '../../auth/current-principal.js';
import type { PrincipalRequest } from '../../auth/principal-request.js';
import type { Principal } from '../../auth/principal.js';
import { RequirePermission } from '../../auth/require-permission.js';
import { DatabaseService } from '../../database/database.service.js';
import { Idempotent } from '../../http/idempotent.js';
import { AppError } from '../../kernel/app-error.js';
import { isId } from '../../kernel/ids.js';
import { ApprovalDetailDto } from './approval-detail.dto.js';
import { ApprovalView } from './approval-view.service.js';
import { DelegateDto } from './delegation.dto.js';
import { DelegationService } from './delegation.service.js';

/** One approval: all there is to know of it, and handing one's say on it to somebody else. */
@ApiTags('Approvals')
@Controller({ path: 'approvals', version: '1' })
export class ApprovalController {
  constructor(
    private readonly view: ApprovalView,
    private readonly delegations: DelegationService,
    private readonly database: DatabaseService,
  ) {}

  @Get(':id')
  @ApiOperation({ summary: 'Show an approval with all that is needed to decide on it' })
  @ApiOkResponse({ type: ApprovalDetailDto })
  @RequirePermission('approvals.read')
  get(@CurrentPrincipal() principal: Principal, @Param('id') id: string): Promise<unknown> {
    return this.database.withTenant(principal.tenantId, (trx) => this.view.get(trx, id));
  }

  @Post(':id/delegations')
  @ApiOperation({ summary: 'Hand your say on an approval to somebody else' })
  @ApiCreatedResponse({ type: ApprovalDetailDto })
  @Idempotent()
  @RequirePermission('approvals.decide')
  async delegate(
    @CurrentPrincipal() principal: Principal,
    @Param('id') id: string,
    @Body() body: DelegateDto,
    @Req() request: PrincipalRequest,
  ): Promise<unknown> {
    if (!isId(id)) throw new AppError('APPROVAL_NOT_FOUND');
    let answer: unknown;
    await this.delegations.delegate(principal, id, body, request.id, async (trx) => {
      answer = await this.view.get(trx, id);
      await request.idempotency?.store(trx, 201, answer);
    });
    return answer;
  }
}
