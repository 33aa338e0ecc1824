import { Body, Controller, Get, HttpCode, Param, Post, Query, Req, Res } from '@nestjs/common';
import { ApiAcceptedResponse, ApiOkResponse, ApiOperation, ApiProduces, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { CurrentPrincipal } from '../../auth/current-principal.js';
import type { PrincipalRequest } from '../../auth/principal-request.js';
import type { Principal } from '../../auth/principal.js';
import { RequirePermission } from '../../auth/require-permission.js';
import { ApiPage } from '../../http/api-page.js';
import { Idempotent } from '../../http/idempotent.js';
import { lastIdOf, type Page, PageQuery, pageOf } from '../../http/paging.js';
import type { ExportCaller } from '../audit/export/audit-exporter.service.js';
import { exportRequest } from '../audit/export/export-request.js';
import { AuditExportDto, auditExportDtoOf, CreateAuditExportDto } from './audit-export.dto.js';
import { AuditExports } from './audit-exports.service.js';

const NDJSON = 'application/x-ndjson';

/** Exports of the trail that take longer than anybody waits. */
@ApiTags('Audit')
@Controller({ path: 'audit/exports', version: '1' })
export class AuditExportsController {
  constructor(private readonly exports: AuditExports) {}

  @Post()
  @HttpCode(202)
  @ApiOperation({ summary: 'Have an export of the audit log made in the background' })
  @ApiAcceptedResponse({ type: AuditExportDto })
  @Idempotent()
  @RequirePermission('audit.export')
  async create(
    @CurrentPrincipal() principal: Principal,
    @Body() { workflowId, sessionId, actor, type, from, to, ...stretch }: CreateAuditExportDto,
    @Req() request: PrincipalRequest,
  ): Promise<AuditExportDto> {
    const wanted = exportRequest({ workflowId, sessionId, actor, type, from, to }, stretch);
    const made = await this.exports.request(callerOf(principal, request), wanted, async (trx, created) => {
      await request.idempotency?.store(trx, 202, auditExportDtoOf(created));
    });
    return auditExportDtoOf(made);
  }

  @Get()
  @ApiOperation({ summary: 'List exports, newest first' })
  @ApiPage(AuditExportDto)
  @RequirePermission('audit.export')
  async list(
    @CurrentPrincipal() { tenantId }: Principal,
    @Query() query: PageQuery,
  ): Promise<Page<AuditExportDto>> {
    const before = query.cursor === undefined ? undefined : lastIdOf(query.cursor);
    const rows = await this.exports.list(tenantId, query.limit + 1, before);
    const page = pageOf(rows, query.limit, ({ id }) => [id]);
    return { ...page, items: page.items.map(auditExportDtoOf) };
  }

  @Get(':id')
  @ApiOperation({ summary: 'Show how an export stands' })
  @ApiOkResponse({ type: AuditExportDto })
  @RequirePermission('audit.export')
  async get(@CurrentPrincipal() { tenantId }: Principal, @Param('id') id: string): Promise<AuditExportDto> {
    return auditExportDtoOf(await this.exports.get(tenantId, id));
  }

  @Get(':id/file')
  @ApiOperation({ summary: 'Fetch the file of an export' })
  @ApiProduces(NDJSON)
  @ApiOkResponse({
    description: 'One JSON object a line; see docs/audit-export.md',
    schema: { type: 'string' },
  })
  @RequirePermission('audit.export')
  async file(
    @CurrentPrincipal() principal: Principal,
    @Param('id') id: string,
    @Req() request: PrincipalRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const { bytes, digest, stream } = await this.exports.download(callerOf(principal, request), id);
    await reply
      .type(NDJSON)
      .header('cache-control', 'no-store')
      .header('content-length', bytes)
      .header('repr-digest', `sha-256=:${digest.toString('base64')}:`)
      .header('content-disposition', `attachment; filename="audit-export-${id}.ndjson"`)
      .send(stream);
  }
}

function callerOf({ tenantId, id: actorRef }: Principal, { id: requestId }: PrincipalRequest): ExportCaller {
  return { tenantId, actorRef, requestId };
}
