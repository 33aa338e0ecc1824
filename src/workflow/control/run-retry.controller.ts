import { Controller, HttpCode, Param, Post, Req } from '@nestjs/common';
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
import { RunRetry } from './run-retry.service.js';

@ApiTags('Workflows')
@Controller({ path: 'workflows', version: '1' })
export class RunRetryController {
  constructor(private readonly retries: RunRetry) {}

  @Post(':id/retry')
  @HttpCode(202)
  @ApiOperation({
    summary: 'Go on with a failed run',
    description: 'From the step that failed; what was completed is kept',
  })
  @ApiAcceptedResponse({ type: RunSummaryDto })
  @Idempotent()
  @RequirePermission('workflows.control')
  async retry(
    @CurrentPrincipal() principal: Principal,
    @Param('id') id: string,
    @Req() request: PrincipalRequest,
  ): Promise<unknown> {
    if (!isId(id)) throw new AppError('WORKFLOW_NOT_FOUND');
    const { idempotency } = request;
    const run = await this.retries.retry(
      principal,
      id,
      request.id,
      idempotency && ((trx, retried) => idempotency.store(trx, 202, presentRunSummary(retried))),
    );
    return presentRunSummary(run);
  }
}
