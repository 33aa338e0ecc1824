import { Body, Controller, Header, HttpCode, Post, Req } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { CurrentPrincipal } from '../../../auth/current-principal.js';
import type { Principal } from '../../../auth/principal.js';
import { RequirePermission } from '../../../auth/require-permission.js';
import type { HttpRequest } from '../../../http/http-request.js';
import { RevealDto, RevealedDto } from './reveal.dto.js';
import { Reveals } from './reveals.service.js';

/** The way back from a token to its value, for people who may see it. */
@ApiTags('Personal data')
@Controller({ path: 'pii', version: '1' })
export class RevealController {
  constructor(private readonly reveals: Reveals) {}

  @Post('reveal')
  @HttpCode(200)
  @Header('cache-control', 'no-store')
  @ApiOperation({ summary: 'Show the values behind tokens of a run' })
  @ApiOkResponse({ type: RevealedDto })
  @RequirePermission('pii.reveal')
  async reveal(
    @CurrentPrincipal() { tenantId, id }: Principal,
    @Req() { id: requestId }: HttpRequest,
    @Body() body: RevealDto,
  ): Promise<RevealedDto> {
    const { eventId, values } = await this.reveals.reveal({ tenantId, id, requestId }, body);
    return {
      eventId,
      values: values.map(({ token, entity, subjectRef, value }) => ({ token, entity, subjectRef, value })),
    };
  }
}
