import { Body, Controller, Get, HttpCode, Param, Post, Query, Req } from '@nestjs/common';
import { ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { CurrentPrincipal } from '../../auth/current-principal.js';
import type { PrincipalRequest } from '../../auth/principal-request.js';
import type { Principal } from '../../auth/principal.js';
import { RequirePermission } from '../../auth/require-permission.js';
import { ApiPage } from '../../http/api-page.js';
import { Idempotent } from '../../http/idempotent.js';
import { decodeCursor, type Page, PageQuery, pageOf } from '../../http/paging.js';
import { BuiltinPolicies } from './builtin-policies.service.js';
import { DEFAULT_SETTINGS } from './policy-settings.js';
import { type PolicyAuthor, PolicyVersions } from './policy-versions.service.js';
import {
  activationDtoOf,
  AppliesToDto,
  CreatePolicyVersionDto,
  draftOf,
  PolicyActivationDto,
  PolicyValidationDto,
  PolicyVersionDto,
  PolicyVersionParam,
  PolicyVersionSummaryDto,
  ValidatePoliciesDto,
  versionOf,
  versionSummaryOf,
} from './policy.dto.js';

/** The policies of the caller's tenant. */
@ApiTags('Policies')
@Controller({ path: 'policies', version: '1' })
export class PoliciesController {
  constructor(
    private readonly versions: PolicyVersions,
    private readonly builtin: BuiltinPolicies,
  ) {}

  @Get()
  @ApiOperation({ summary: 'List the versions of the policies, newest first' })
  @ApiPage(PolicyVersionSummaryDto)
  @RequirePermission('policies.read')
  async list(
    @CurrentPrincipal() { tenantId }: Principal,
    @Query() query: PageQuery,
  ): Promise<Page<PolicyVersionSummaryDto>> {
    const before = query.cursor === undefined ? undefined : Number(decodeCursor(query.cursor, 1)[0]);
    const { versions, active } = await this.versions.list(tenantId, query.limit + 1, before);
    const page = pageOf(versions, query.limit, ({ version }) => [String(version)]);
    return { ...page, items: page.items.map((each) => versionSummaryOf(each, active?.version ?? 0)) };
  }

  @Post()
  @ApiOperation({ summary: 'Add a version; it holds once it is activated' })
  @ApiCreatedResponse({ type: PolicyVersionDto })
  @Idempotent()
  @RequirePermission('policies.write')
  async create(
    @CurrentPrincipal() principal: Principal,
    @Body() body: CreatePolicyVersionDto,
    @Req() request: PrincipalRequest,
  ): Promise<PolicyVersionDto> {
    const created = await this.versions.create(
      authorOf(principal, request),
      draftOf(body),
      async (trx, version) => {
        await request.idempotency?.store(trx, 201, versionOf(version, 0));
      },
    );
    return versionOf(created, 0);
  }

  @Post('validate')
  @ApiOperation({ summary: 'Check policies without storing them' })
  @ApiOkResponse({ type: PolicyValidationDto })
  @HttpCode(200)
  @RequirePermission('policies.read')
  validate(@Body() { policies }: ValidatePoliciesDto): PolicyValidationDto {
    const faults = this.builtin.check(policies);
    return { valid: faults.length === 0, faults };
  }

  @Post('rollback')
  @ApiOperation({ summary: 'Make the version hold that held before' })
  @ApiOkResponse({ type: PolicyActivationDto })
  @HttpCode(200)
  @RequirePermission('policies.activate')
  async rollback(
    @CurrentPrincipal() principal: Principal,
    @Body() { appliesTo = 'all' }: AppliesToDto,
    @Req() request: PrincipalRequest,
  ): Promise<PolicyActivationDto> {
    return activationDtoOf(await this.versions.rollback(authorOf(principal, request), appliesTo));
  }

  @Get(':version')
  @ApiOperation({ summary: 'Show a version with its policies; version 0 is what is built in' })
  @ApiOkResponse({ type: PolicyVersionDto })
  @RequirePermission('policies.read')
  async get(
    @CurrentPrincipal() { tenantId }: Principal,
    @Param() { version }: PolicyVersionParam,
  ): Promise<PolicyVersionDto> {
    const { active } = await this.versions.list(tenantId, 1);
    if (version === 0) return this.builtinVersion(active === undefined || active.version === 0);
    const stored = await this.versions.get(tenantId, version);
    return versionOf(stored, active?.version ?? 0);
  }

  @Post(':version/activate')
  @ApiOperation({ summary: 'Make a version hold' })
  @ApiOkResponse({ type: PolicyActivationDto })
  @HttpCode(200)
  @RequirePermission('policies.activate')
  async activate(
    @CurrentPrincipal() principal: Principal,
    @Param() { version }: PolicyVersionParam,
    @Body() { appliesTo = 'new' }: AppliesToDto,
    @Req() request: PrincipalRequest,
  ): Promise<PolicyActivationDto> {
    return activationDtoOf(await this.versions.activate(authorOf(principal, request), version, appliesTo));
  }

  private builtinVersion(active: boolean): PolicyVersionDto {
    const policies = this.builtin.textsFor({ defaultPermit: true });
    return {
      version: 0,
      active,
      policyIds: Object.keys(policies).toSorted(),
      defaultPermit: true,
      settings: DEFAULT_SETTINGS,
      digest: this.builtin.digest,
      createdBy: null,
      createdAt: null,
      policies: { ...policies },
    };
  }
}

function authorOf({ id, tenantId }: Principal, request: PrincipalRequest): PolicyAuthor {
  return { tenantId, principalId: id, requestId: request.id };
}
