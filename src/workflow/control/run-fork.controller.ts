import { Body, Controller, HttpCode, Param, Post, Req } from '@nestjs/common';
import { ApiAcceptedResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { CurrentPrincipal } from '../../auth/current-principal.js';
import type { PrincipalRequest } from '../../auth/principal-request.js';
import type { Principal } from '../../auth/principal.js';
import { RequirePermission } from '../../auth/require-permission.js';
import { Idempotent } from '../../http/idempotent.js';
import { AppError } from '../../kernel/app-error.js';
import { isId } from '../../kernel/ids.js';
import { RunSummaryDto } from '../run.dto.js';
import { presentRunSummary } from '../run.presenter.js';
import { ForkWorkflowDto } from './fork.dto.js';
import { RunFork } from './run-fork.service.js';

@ApiTags('Workflows')
@Controller({ path: 'workflows', version: '1' })
export class RunForkController {
  constructor(private readonly forks: RunFork) {}

  @Post(':id/fork')
  @HttpCode(202)
  @ApiOperation({
    summary: 'Start a run from what another one has done',
    description: 'Steps before `fromPhase` are taken over at no cost; approvals are asked for again',
  })
  @ApiAcceptedResponse({ type: RunSummaryDto })
  @Idempotent()
  @RequirePermission('workflows.start')
  async fork(
    @CurrentPrincipal() principal: Principal,
    @Param('id') id: string,
    @Body() body: ForkWorkflowDto,
    @Req() request: PrincipalRequest,
  ): Promise<unknown> {
    if (!isId(id)) throw new AppError('WORKFLOW_NOT_FOUND');
    const { idempotency } = request;
    const run = await this.forks.fork(
      principal,
      id,
      body,
      request.id,
      idempotency && ((trx, started) => idempotency.store(trx, 202, presentRunSummary(started))),
    );
    return presentRunSummary(run);
  }
}
