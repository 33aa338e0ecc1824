import { Body, Controller, Delete, Get, HttpCode, Param, Put, Query, Req } from '@nestjs/common';
import { ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import { CurrentPrincipal } from '../../auth/current-principal.js';
import type { PrincipalRequest } from '../../auth/principal-request.js';
import type { Principal } from '../../auth/principal.js';
import { RequirePermission } from '../../auth/require-permission.js';
import { ApiPage } from '../../http/api-page.js';
import { decodeCursor, type Page, PageQuery, pageOf } from '../../http/paging.js';
import { RetentionPolicyDto, retentionPolicyDtoOf, SetRetentionPolicyDto } from './retention-policy.dto.js';
import { RetentionPolicies } from './retention-policy.service.js';

const DEFINITION = { name: 'definition', description: 'Name of a workflow definition; `*` for all others' };

/** How long the caller's tenant keeps its ended runs. */
@ApiTags('Retention')
@Controller({ path: 'retention-policies', version: '1' })
export class RetentionPoliciesController {
  constructor(private readonly policies: RetentionPolicies) {}

  @Get()
  @ApiOperation({ summary: 'List retention policies by definition, the general one first' })
  @ApiPage(RetentionPolicyDto)
  @RequirePermission('retention.read')
  async list(
    @CurrentPrincipal() principal: Principal,
    @Query() query: PageQuery,
  ): Promise<Page<RetentionPolicyDto>> {
    const after = query.cursor === undefined ? undefined : decodeCursor(query.cursor, 1)[0];
    const rows = await this.policies.list(principal.tenantId, query.limit + 1, after);
    const page = pageOf(rows, query.limit, (policy) => [policy.definition]);
    return { ...page, items: page.items.map(retentionPolicyDtoOf) };
  }

  @Get(':definition')
  @ApiOperation({ summary: 'Show what holds for a definition' })
  @ApiParam(DEFINITION)
  @ApiOkResponse({ type: RetentionPolicyDto })
  @RequirePermission('retention.read')
  async get(
    @CurrentPrincipal() principal: Principal,
    @Param('definition') definition: string,
  ): Promise<RetentionPolicyDto> {
    return retentionPolicyDtoOf(await this.policies.get(principal.tenantId, definition));
  }

  @Put(':definition')
  @ApiOperation({ summary: 'Set how long ended runs are kept' })
  @ApiParam(DEFINITION)
  @ApiOkResponse({ type: RetentionPolicyDto })
  @RequirePermission('retention.write')
  async set(
    @CurrentPrincipal() principal: Principal,
    @Param('definition') definition: string,
    @Body() body: SetRetentionPolicyDto,
    @Req() request: PrincipalRequest,
  ): Promise<RetentionPolicyDto> {
    const { retentionDays } = body;
    return retentionPolicyDtoOf(await this.policies.set(principal, definition, retentionDays, request.id));
  }

  @Delete(':definition')
  @ApiOperation({ summary: 'Take a policy back, so that the more general one holds' })
  @ApiParam(DEFINITION)
  @HttpCode(204)
  @ApiNoContentResponse()
  @RequirePermission('retention.write')
  async remove(
    @CurrentPrincipal() principal: Principal,
    @Param('definition') definition: string,
    @Req() request: PrincipalRequest,
  ): Promise<void> {
    await this.policies.remove(principal, definition, request.id);
  }
}
