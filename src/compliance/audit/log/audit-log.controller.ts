import {
  Body,
  Controller,
  Get,
  Header,
  Headers,
  Param,
  ParseUUIDPipe,
  Post,
  Query,
  Req,
  Res,
} from '@nestjs/common';
import {
  ApiAcceptedResponse,
  ApiCreatedResponse,
  ApiOkResponse,
  ApiOperation,
  ApiParam,
  ApiProduces,
  ApiTags,
} from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { CurrentPrincipal } from '../../../auth/current-principal.js';
import type { Principal } from '../../../auth/principal.js';
import { RequirePermission } from '../../../auth/require-permission.js';
import { AppError } from '../../../kernel/app-error.js';
import { AuditEventDto } from '../audit.dto.js';
import { parseTilePath } from '../merkle/tile-path.js';
import {
  ConsistencyProofDto,
  ConsistencyQuery,
  EpochDto,
  InclusionProofDto,
  InclusionQuery,
  LogInfoDto,
  OpenEpochDto,
  PendingProofDto,
} from './audit-log.dto.js';
import { AuditLog, type LogInfo } from './audit-log.service.js';
import type { PlaceProof } from './inclusion-proof.js';
import { LogEpochs, type OpenedEpoch } from './log-epochs.service.js';
import { requireInstanceAdmin } from './instance-admin.js';
import { SYSTEM_LOG_TENANT_ID } from './log-state.js';
import { InclusionWait } from './inclusion-wait.service.js';
import { presentConsistency, presentInclusion, presentLeaf, proofText } from './proof.presenter.js';

const TEXT = 'text/plain; charset=utf-8';
const PROOF_TYPE = 'text/vnd.c2sp.tlog-proof';

/** The transparency log over the audit trail: what a verifier needs, in the formats of C2SP. */
@ApiTags('Audit')
@Controller({ path: 'audit', version: '1' })
export class AuditLogController {
  constructor(
    private readonly log: AuditLog,
    private readonly waiting: InclusionWait,
    private readonly epochs: LogEpochs,
  ) {}

  @Get('log')
  @ApiOperation({ summary: 'Name, keys, size and anchors of the audit log' })
  @ApiOkResponse({ type: LogInfoDto })
  @RequirePermission('audit.read')
  info(@CurrentPrincipal() principal: Principal): Promise<LogInfo> {
    return this.log.info(principal.tenantId);
  }

  @Get('checkpoint')
  @Header('content-type', TEXT)
  @Header('cache-control', 'no-store')
  @ApiOperation({ summary: 'The newest checkpoint, a signed note' })
  @ApiProduces('text/plain')
  @ApiOkResponse({
    description: 'C2SP tlog-checkpoint',
    content: { 'text/plain': { schema: { type: 'string' } } },
  })
  @RequirePermission('audit.read')
  async checkpoint(@CurrentPrincipal() principal: Principal): Promise<string> {
    const checkpoint = await this.log.checkpoint(principal.tenantId);
    if (!checkpoint) throw new AppError('AUDIT_LOG_EMPTY');
    return checkpoint.note;
  }

  /** By `eventId`, or by `index` for whoever has kept a leaf that retention has removed here. */
  @Get('proofs/inclusion')
  @ApiOperation({ summary: 'Prove that an event stands in the log' })
  @ApiProduces('application/json', PROOF_TYPE)
  @ApiOkResponse({ type: InclusionProofDto })
  @ApiAcceptedResponse({
    type: PendingProofDto,
    description: 'Not sealed yet; ask again, or wait with `Prefer: wait=2`',
  })
  @RequirePermission('audit.read')
  async inclusion(
    @CurrentPrincipal() principal: Principal,
    @Query() query: InclusionQuery,
    @Headers('prefer') prefer: string | undefined,
    @Headers('accept') accept: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<unknown> {
    const proof = await this.waiting.until(prefer, () => this.proofOf(principal.tenantId, query));
    if (!proof) throw new AppError('AUDIT_EVENT_NOT_FOUND');
    if (proof === 'pending') {
      void reply.status(202).header('retry-after', '1');
      return { status: 'pending' };
    }
    if (!accept?.includes(PROOF_TYPE)) return presentInclusion(proof);
    void reply.header('content-type', PROOF_TYPE);
    return proofText(proof);
  }

  @Get('proofs/consistency')
  @ApiOperation({ summary: 'Prove that the log only grew between two sizes' })
  @ApiOkResponse({ type: ConsistencyProofDto })
  @RequirePermission('audit.read')
  async consistency(
    @CurrentPrincipal() principal: Principal,
    @Query() { from, to }: ConsistencyQuery,
  ): Promise<ConsistencyProofDto> {
    return presentConsistency(await this.log.consistency(principal.tenantId, from, to));
  }

  /** As C2SP tlog-tiles names them: `tile/0/x001/234.p/56`. */
  /** For whoever watches the log of the instance only, or has it cosigned: it holds where this one stood. */
  @Get('proofs/instance')
  @ApiOperation({ summary: 'Prove that the log of the instance holds a checkpoint of this log' })
  @ApiOkResponse({ type: InclusionProofDto })
  @ApiAcceptedResponse({ type: PendingProofDto, description: 'Recorded, and not sealed yet' })
  @RequirePermission('audit.read')
  async inInstance(
    @CurrentPrincipal() principal: Principal,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<InclusionProofDto | PendingProofDto> {
    const proof = await this.log.recordedInclusion(principal.tenantId);
    if (!proof) throw new AppError('AUDIT_NOT_RECORDED_YET');
    if (proof !== 'pending') return presentInclusion(proof);
    void reply.status(202).header('retry-after', '1');
    return { status: 'pending' };
  }

  @Get('tile/*')
  @Header('content-type', 'application/octet-stream')
  @ApiOperation({ summary: 'A tile of hashes' })
  @ApiParam({ name: 'path', example: '0/000' })
  @ApiProduces('application/octet-stream')
  @ApiOkResponse({
    description: 'Up to 256 hashes of 32 bytes',
    content: { 'application/octet-stream': { schema: { type: 'string', format: 'binary' } } },
  })
  @RequirePermission('audit.read')
  async tile(
    @CurrentPrincipal() principal: Principal,
    @Req() request: { params: Record<string, string> },
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Buffer> {
    const named = parseTilePath(request.params['*'] ?? '');
    const hashes = named && (await this.log.tile(principal.tenantId, named));
    if (!hashes) throw new AppError('AUDIT_TILE_NOT_FOUND');
    void reply.header('cache-control', 'private, max-age=31536000, immutable');
    return hashes;
  }

  @Get('events/:id')
  @ApiOperation({ summary: 'One record of the audit trail' })
  @ApiOkResponse({ type: AuditEventDto })
  @RequirePermission('audit.read')
  async event(
    @CurrentPrincipal() principal: Principal,
    @Param('id', ParseUUIDPipe) id: string,
  ): Promise<unknown> {
    return presentLeaf(await this.log.event(principal.tenantId, id));
  }

  /**
   * For a database that was restored from a backup and lies behind what had been signed: the log goes on under a new
   * name, and its first leaf under it says so.
   */
  @Post('epochs')
  @ApiOperation({ summary: 'Go on from a database that lies behind its anchor' })
  @ApiCreatedResponse({ type: EpochDto })
  @RequirePermission('audit.administer')
  openEpoch(
    @CurrentPrincipal() principal: Principal,
    @Body() { reason, log }: OpenEpochDto,
  ): Promise<OpenedEpoch> {
    if (log === 'own') return this.epochs.open(principal.tenantId, principal.id, reason);
    requireInstanceAdmin(principal);
    return this.epochs.open(SYSTEM_LOG_TENANT_ID, principal.id, reason);
  }

  private proofOf(
    tenantId: string,
    { eventId, index, treeSize }: InclusionQuery,
  ): Promise<PlaceProof | 'pending' | undefined> {
    if (eventId !== undefined && index === undefined) return this.log.inclusion(tenantId, eventId, treeSize);
    if (index !== undefined && eventId === undefined) return this.log.inclusionAt(tenantId, index, treeSize);
    throw new AppError('VALIDATION_FAILED', {
      errors: [{ path: 'eventId', message: 'one of eventId and index must be given' }],
    });
  }
}
