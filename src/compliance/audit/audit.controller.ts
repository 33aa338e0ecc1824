import { Controller, Get, HttpCode, Post, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { CurrentPrincipal } from '../../auth/current-principal.js';
import type { Principal } from '../../auth/principal.js';
import { RequirePermission } from '../../auth/require-permission.js';
import { DatabaseService } from '../../database/database.service.js';
import { ApiPage } from '../../http/api-page.js';
import { encodeCursor, lastIdOf, type Page } from '../../http/paging.js';
import { AuditVerification, type VerificationResult } from './audit-verification.service.js';
import { AuditEventDto, AuditEventsQuery, VerificationDto } from './audit.dto.js';
import { AuditRepository, type AuditRow } from './audit.repository.js';

@ApiTags('Audit')
@Controller({ path: 'audit', version: '1' })
export class AuditController {
  constructor(
    private readonly database: DatabaseService,
    private readonly repository: AuditRepository,
    private readonly verification: AuditVerification,
  ) {}

  /** The trail, newest first. Each item is the recorded leaf with its hash. */
  @Get('events')
  @ApiOperation({ summary: 'List the audit trail, newest first' })
  @ApiPage(AuditEventDto)
  @RequirePermission('audit.read')
  async list(
    @CurrentPrincipal() principal: Principal,
    @Query() query: AuditEventsQuery,
  ): Promise<Page<unknown>> {
    const { limit, cursor, from, to, ...equal } = query;
    const before = cursor ? lastIdOf(cursor) : undefined;
    const filters = {
      ...equal,
      from: from ? new Date(from) : undefined,
      to: to ? new Date(to) : undefined,
    };
    const rows = await this.database.withTenant(principal.tenantId, (trx) =>
      this.repository.list(trx, filters, limit + 1, before),
    );
    const items = rows.slice(0, limit);
    const last = items.at(-1);
    return {
      items: items.map(present),
      nextCursor: rows.length > limit && last ? encodeCursor([last.id]) : null,
    };
  }

  @Post('verify')
  @ApiOperation({ summary: 'Check every record, hash and chain of the audit trail' })
  @ApiOkResponse({ type: VerificationDto })
  @HttpCode(200)
  @RequirePermission('audit.verify')
  verify(@CurrentPrincipal() principal: Principal): Promise<VerificationResult> {
    return this.verification.verify(principal.tenantId);
  }
}

function present(row: AuditRow): unknown {
  const leaf = JSON.parse(row.leaf.toString('utf8')) as Record<string, unknown>;
  return { ...leaf, leafHash: row.leaf_hash.toString('base64') };
}
