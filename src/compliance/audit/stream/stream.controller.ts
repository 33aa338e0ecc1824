import { Controller, Get, Query, Req, Res } from '@nestjs/common';
import { ApiHeader, ApiOkResponse, ApiOperation, ApiProduces, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { CurrentPrincipal } from '../../../auth/current-principal.js';
import type { PrincipalRequest } from '../../../auth/principal-request.js';
import type { Principal } from '../../../auth/principal.js';
import { RequirePermission } from '../../../auth/require-permission.js';
import { lastEventIdOf, openSse } from '../../../http/sse.js';
import { AuditFeed, type StreamedRow } from './audit-feed.service.js';
import { formatRecord } from './siem-format.js';
import { StreamQuery } from './stream.dto.js';

/** The trail as it grows. It is never the record itself. */
@ApiTags('Audit')
@Controller({ path: 'audit', version: '1' })
export class AuditStreamController {
  constructor(private readonly feed: AuditFeed) {}

  @Get('stream')
  @ApiOperation({ summary: 'Follow the audit log (Server-Sent Events)' })
  @ApiProduces('text/event-stream')
  @ApiHeader({ name: 'Last-Event-ID', required: false, description: 'Resume behind this place in the log' })
  @ApiOkResponse({
    description: 'Sealed events in the order of the log; the id of each is its place, its name its type',
    schema: { type: 'string' },
  })
  @RequirePermission('audit.read')
  async stream(
    @CurrentPrincipal() { tenantId }: Principal,
    @Query() query: StreamQuery,
    @Req() request: PrincipalRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const last = lastEventIdOf(request);
    const from = await this.feed.start(tenantId, last === undefined ? query.fromIndex : last + 1);
    const stream = openSse(reply);
    try {
      for await (const row of this.feed.subscribe(tenantId, from, stream.gone)) {
        if (!isWanted(row, query)) continue;
        const { index, leaf } = row;
        const data = formatRecord(
          { index, leaf, leafHash: row.sealed_hash.toString('base64') },
          query.format,
        );
        if (!(await stream.send({ id: index, event: row.type ?? 'audit.event', data }))) return;
      }
    } finally {
      // This process stops, or cannot read: another can.
      stream.closeToReconnect();
    }
  }
}

function isWanted(row: StreamedRow, { workflowId, sessionId, actor, type }: StreamQuery): boolean {
  return (
    (workflowId === undefined || row.run_id === workflowId) &&
    (sessionId === undefined || row.session_id === sessionId) &&
    (actor === undefined || row.actor_ref === actor) &&
    (type === undefined || row.type === type)
  );
}
