import { Controller, Get, Query, Req, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiProduces, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Readable } from 'node:stream';
import { CurrentPrincipal } from '../../../auth/current-principal.js';
import type { PrincipalRequest } from '../../../auth/principal-request.js';
import type { Principal } from '../../../auth/principal.js';
import { RequirePermission } from '../../../auth/require-permission.js';
import { AppError } from '../../../kernel/app-error.js';
import { AuditExporter } from './audit-exporter.service.js';
import { ExportQuery } from './export.dto.js';

const NDJSON = 'application/x-ndjson';

/** Hands events of the trail out together with what proves them. */
@ApiTags('Audit')
@Controller({ path: 'audit', version: '1' })
export class ExportController {
  constructor(private readonly exporter: AuditExporter) {}

  /** A file that lacks its last line was cut on the way. */
  @Get('export')
  @ApiOperation({ summary: 'Export the audit log with what proves it, for the offline verifier' })
  @ApiProduces(NDJSON)
  @ApiOkResponse({
    description: 'One JSON object a line; see docs/audit-export.md',
    schema: { type: 'string' },
  })
  @RequirePermission('audit.export')
  async export(
    @CurrentPrincipal() principal: Principal,
    @Query() query: ExportQuery,
    @Req() request: PrincipalRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const { tenantId, id: actorRef } = principal;
    const lines = await this.exporter.export({ tenantId, actorRef, requestId: request.id }, requestOf(query));
    void reply
      .header('content-type', NDJSON)
      .header('content-disposition', 'attachment; filename="audit-export.ndjson"')
      .send(Readable.from(lines, { objectMode: false }));
  }
}

function requestOf({ fromIndex, toIndex, consistentWith, from, to, ...equal }: ExportQuery) {
  const filters = {
    ...equal,
    ...(from !== undefined && { from: new Date(from) }),
    ...(to !== undefined && { to: new Date(to) }),
  };
  const isStretch = fromIndex !== undefined || toIndex !== undefined;
  if (isStretch && Object.values(filters).some((value) => value !== undefined)) {
    throw new AppError('VALIDATION_FAILED', {
      errors: [{ path: 'fromIndex', message: 'a stretch of the log has no filters' }],
    });
  }
  return {
    filters,
    fromIndex,
    toIndex,
    ...(consistentWith !== undefined && { consistentWith: [consistentWith] }),
  };
}
