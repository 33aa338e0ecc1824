import { Body, Controller, HttpCode, Param, Post, Req } from '@nestjs/common';
import { ApiAcceptedResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { CurrentPrincipal } from '../../auth/current-principal.js';
import type { PrincipalRequest } from '../../auth/principal-request.js';
import type { Principal } from '../../auth/principal.js';
import { RequirePermission } from '../../auth/require-permission.js';
import { Idempotent } from '../../http/idempotent.js';
import { AppError } from '../../kernel/app-error.js';
import { isId } from '../../kernel/ids.js';
import { SendSignalDto, SignalDto } from './signal.dto.js';
import { SignalService } from './signal.service.js';

@ApiTags('Workflows')
@Controller({ path: 'workflows', version: '1' })
export class SignalsController {
  constructor(private readonly signals: SignalService) {}

  /** A signal that comes before its wait is kept for it. */
  @Post(':id/signals')
  @HttpCode(202)
  @ApiOperation({ summary: 'Send a run a signal that it waits for, now or later' })
  @ApiAcceptedResponse({ type: SignalDto })
  @Idempotent()
  @RequirePermission('workflows.control')
  send(
    @CurrentPrincipal() principal: Principal,
    @Param('id') id: string,
    @Body() body: SendSignalDto,
    @Req() request: PrincipalRequest,
  ): Promise<unknown> {
    if (!isId(id)) throw new AppError('WORKFLOW_NOT_FOUND');
    return this.signals.send(principal, id, body, request.id, async (trx, sent) => {
      await request.idempotency?.store(trx, 202, sent);
    });
  }
}
