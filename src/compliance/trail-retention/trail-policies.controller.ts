import { Body, Controller, Delete, Get, HttpCode, Param, Put, Req } from '@nestjs/common';
import { ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import { CurrentPrincipal } from '../../auth/current-principal.js';
import type { PrincipalRequest } from '../../auth/principal-request.js';
import type { Principal } from '../../auth/principal.js';
import { RequirePermission } from '../../auth/require-permission.js';
import { ApiPage } from '../../http/api-page.js';
import type { Page } from '../../http/paging.js';
import { RETENTION_CLASSES } from '../audit/retention-class.js';
import { TrailPolicies } from './trail-policies.service.js';
import { SetTrailPolicyDto, TrailPolicyDto, trailPolicyDtoOf } from './trail-policy.dto.js';

const CLASS = { name: 'class', enum: Object.keys(RETENTION_CLASSES) };

/** How long the caller's tenant keeps the records of its trail. */
@ApiTags('Retention')
@Controller({ path: 'audit/retention-policies', version: '1' })
export class TrailPoliciesController {
  constructor(private readonly policies: TrailPolicies) {}

  @Get()
  @ApiOperation({ summary: 'List how long records of the trail are kept, by class' })
  @ApiPage(TrailPolicyDto)
  @RequirePermission('retention.read')
  async list(@CurrentPrincipal() principal: Principal): Promise<Page<TrailPolicyDto>> {
    return { items: (await this.policies.list(principal.tenantId)).map(trailPolicyDtoOf), nextCursor: null };
  }

  @Get(':class')
  @ApiOperation({ summary: 'Show how long records of a class are kept' })
  @ApiParam(CLASS)
  @ApiOkResponse({ type: TrailPolicyDto })
  @RequirePermission('retention.read')
  async get(@CurrentPrincipal() principal: Principal, @Param('class') name: string): Promise<TrailPolicyDto> {
    return trailPolicyDtoOf(await this.policies.get(principal.tenantId, name));
  }

  /** Below the floor of the class it is refused. A policy for `hipaa` puts every record of the tenant under it. */
  @Put(':class')
  @ApiOperation({ summary: 'Set how long records of a class are kept' })
  @ApiParam(CLASS)
  @ApiOkResponse({ type: TrailPolicyDto })
  @RequirePermission('retention.write')
  async set(
    @CurrentPrincipal() principal: Principal,
    @Param('class') name: string,
    @Body() { retentionDays }: SetTrailPolicyDto,
    @Req() request: PrincipalRequest,
  ): Promise<TrailPolicyDto> {
    const actor = { tenantId: principal.tenantId, id: principal.id, requestId: request.id };
    return trailPolicyDtoOf(await this.policies.set(actor, name, retentionDays));
  }

  @Delete(':class')
  @ApiOperation({ summary: 'Take a policy back, so that the default holds' })
  @ApiParam(CLASS)
  @HttpCode(204)
  @ApiNoContentResponse()
  @RequirePermission('retention.write')
  async remove(
    @CurrentPrincipal() principal: Principal,
    @Param('class') name: string,
    @Req() request: PrincipalRequest,
  ): Promise<void> {
    await this.policies.remove(
      { tenantId: principal.tenantId, id: principal.id, requestId: request.id },
      name,
    );
  }
}
