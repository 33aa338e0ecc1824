import { Controller, Delete, Get, Header, HttpCode, Post, Query, Req } from '@nestjs/common';
import { ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiProduces, ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { CurrentPrincipal } from '../../../auth/current-principal.js';
import type { Principal } from '../../../auth/principal.js';
import { RequirePermission } from '../../../auth/require-permission.js';
import { AppError } from '../../../kernel/app-error.js';
import {
  ConsistencyProofDto,
  ConsistencyQuery,
  InclusionProofDto,
  LogInfoDto,
  PlaceQuery,
  SigningKeysDto,
} from './audit-log.dto.js';
import { AuditLog, type LogInfo } from './audit-log.service.js';
import { requireInstanceAdmin } from './instance-admin.js';
import { KeyRotation, type SigningKeys } from './key-rotation.service.js';
import { SYSTEM_LOG_TENANT_ID } from './log-state.js';
import { presentConsistency, presentInclusion } from './proof.presenter.js';

/** The log of the instance itself, and the keys that sign all logs: for administrators of the instance's own tenant. */
@ApiTags('Audit')
@Controller({ path: 'audit/instance', version: '1' })
export class InstanceLogController {
  constructor(
    private readonly log: AuditLog,
    private readonly keys: KeyRotation,
  ) {}

  @Get('log')
  @ApiOperation({ summary: 'Name, keys and size of the log of the instance' })
  @ApiOkResponse({ type: LogInfoDto })
  @RequirePermission('audit.administer')
  info(@CurrentPrincipal() principal: Principal): Promise<LogInfo> {
    requireInstanceAdmin(principal);
    return this.log.info(SYSTEM_LOG_TENANT_ID);
  }

  @Get('checkpoint')
  @Header('content-type', 'text/plain; charset=utf-8')
  @Header('cache-control', 'no-store')
  @ApiOperation({ summary: 'The newest checkpoint of the log of the instance, a signed note' })
  @ApiProduces('text/plain')
  @ApiOkResponse({ content: { 'text/plain': { schema: { type: 'string' } } } })
  @RequirePermission('audit.administer')
  async checkpoint(@CurrentPrincipal() principal: Principal): Promise<string> {
    requireInstanceAdmin(principal);
    const checkpoint = await this.log.checkpoint(SYSTEM_LOG_TENANT_ID);
    if (!checkpoint) throw new AppError('AUDIT_LOG_EMPTY');
    return checkpoint.note;
  }

  @Get('proofs/inclusion')
  @ApiOperation({ summary: 'Prove what stands at a place of the log of the instance' })
  @ApiOkResponse({ type: InclusionProofDto })
  @RequirePermission('audit.administer')
  async inclusion(
    @CurrentPrincipal() principal: Principal,
    @Query() { index, treeSize }: PlaceQuery,
  ): Promise<InclusionProofDto> {
    requireInstanceAdmin(principal);
    const proof = await this.log.inclusionAt(SYSTEM_LOG_TENANT_ID, index, treeSize);
    if (!proof || proof === 'pending') throw new AppError('AUDIT_EVENT_NOT_FOUND');
    return presentInclusion(proof);
  }

  @Get('proofs/consistency')
  @ApiOperation({ summary: 'Prove that the log of the instance only grew between two sizes' })
  @ApiOkResponse({ type: ConsistencyProofDto })
  @RequirePermission('audit.administer')
  async consistency(
    @CurrentPrincipal() principal: Principal,
    @Query() { from, to }: ConsistencyQuery,
  ): Promise<ConsistencyProofDto> {
    requireInstanceAdmin(principal);
    return presentConsistency(await this.log.consistency(SYSTEM_LOG_TENANT_ID, from, to));
  }

  /** The new key signs from now on, and the one before it beside it, until the overlap is ended. */
  @Post('keys')
  @HttpCode(200)
  @ApiOperation({ summary: 'Let a new key sign checkpoints, beside the present one' })
  @ApiOkResponse({ type: SigningKeysDto })
  @RequirePermission('audit.administer')
  rotate(@CurrentPrincipal() principal: Principal, @Req() request: FastifyRequest): Promise<SigningKeys> {
    requireInstanceAdmin(principal);
    return this.keys.rotate(principal.id, request.id);
  }

  @Delete('keys/previous')
  @HttpCode(204)
  @ApiOperation({ summary: 'Let the key before the present one sign no more' })
  @ApiNoContentResponse()
  @RequirePermission('audit.administer')
  async endOverlap(@CurrentPrincipal() principal: Principal, @Req() request: FastifyRequest): Promise<void> {
    requireInstanceAdmin(principal);
    await this.keys.endOverlap(principal.id, request.id);
  }
}
