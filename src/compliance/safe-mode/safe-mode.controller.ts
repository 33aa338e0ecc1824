import { Body, Controller, Get, Put, Req } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { CurrentPrincipal } from '../../auth/current-principal.js';
import { DEFAULT_TENANT_ID } from '../../auth/default-tenant.js';
import type { PrincipalRequest } from '../../auth/principal-request.js';
import type { Principal } from '../../auth/principal.js';
import { RequirePermission } from '../../auth/require-permission.js';
import { SafeModeDto, safeModeDtoOf, SetSafeModeDto } from './safe-mode.dto.js';
import { SafeModeSwitch } from './safe-mode-switch.service.js';
import { SafeMode } from './safe-mode.service.js';

/** The switch under which nothing outside is called. */
@ApiTags('Safe mode')
@Controller({ path: 'safe-mode', version: '1' })
export class SafeModeController {
  constructor(
    private readonly safeMode: SafeMode,
    private readonly switches: SafeModeSwitch,
  ) {}

  @Get()
  @ApiOperation({ summary: 'Tell whether safe mode is on, and why' })
  @ApiOkResponse({ type: SafeModeDto })
  @RequirePermission('safe-mode.read')
  async get(@CurrentPrincipal() principal: Principal): Promise<SafeModeDto> {
    await this.safeMode.isOnNow(principal.tenantId);
    return safeModeDtoOf(this.safeMode.stateOf(principal.tenantId));
  }

  @Put()
  @ApiOperation({ summary: 'Turn safe mode on or off' })
  @ApiOkResponse({ type: SafeModeDto })
  @RequirePermission('safe-mode.write')
  async set(
    @CurrentPrincipal() principal: Principal,
    @Body() body: SetSafeModeDto,
    @Req() request: PrincipalRequest,
  ): Promise<SafeModeDto> {
    const state = await this.switches.change({
      tenantId: principal.tenantId,
      actorRef: principal.id,
      requestId: request.id,
      administersInstance: principal.tenantId === DEFAULT_TENANT_ID,
      enabled: body.enabled,
      reason: body.reason,
      scope: body.scope,
    });
    return safeModeDtoOf(state);
  }
}
