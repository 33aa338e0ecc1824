import { Controller, Get, Query, Req, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiProduces, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Readable } from 'node:stream';
import { CurrentPrincipal } from '../../../auth/current-principal.js';
import type { PrincipalRequest } from '../../../auth/principal-request.js';
import type { Principal } from '../../../auth/principal.js';
import { RequirePermission } from '../../../auth/require-permission.js';
import { AppError } from '../../../kernel/app-error.js';
import { rolesGrant } from '../../../auth/permissions.js';
import { AuditExporter, type ExportRequest } from './audit-exporter.service.js';
import { ExportQuery } from './export.dto.js';
import { exportRequest } from './export-request.js';

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
    const { tenantId, id: actorRef, roles } = principal;
    const { format, disclose } = query;
    if (disclose === 'true' && !rolesGrant(roles, 'audit.disclose')) throw new AppError('FORBIDDEN');
    const caller = { tenantId, actorRef, requestId: request.id };
    const wanted = exportRequestOf(query);
    const lines =
      format === 'countersign'
        ? (await this.exporter.export(caller, wanted)).lines()
        : await this.exporter.exportPlain(caller, wanted, format);
    void reply
      .header('content-type', NDJSON)
      .header('content-disposition', 'attachment; filename="audit-export.ndjson"')
      .send(Readable.from(lines, { objectMode: false }));
  }
}

/** @throws AppError VALIDATION_FAILED for a request that contradicts itself. */
function exportRequestOf(query: ExportQuery): ExportRequest {
  const { fromIndex, toIndex, consistentWith, checkpoints, disclose, format, from, to, ...equal } = query;
  const request = exportRequest(
    { ...equal, from, to },
    { fromIndex, toIndex, consistentWith, checkpoints: checkpoints === 'true' },
  );
  if (format === 'countersign') return { ...request, disclose: disclose === 'true' };
  const proofs = { consistentWith, checkpoints, disclose };
  const [path] = Object.entries(proofs).find(([, value]) => value !== undefined) ?? [];
  if (path === undefined) return request;
  throw new AppError('VALIDATION_FAILED', {
    errors: [{ path, message: 'is for the format that can be verified' }],
  });
}
