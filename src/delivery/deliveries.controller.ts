import { Body, Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { CurrentPrincipal } from '../auth/current-principal.js';
import type { Principal } from '../auth/principal.js';
import { RequirePermission } from '../auth/require-permission.js';
import { DatabaseService } from '../database/database.service.js';
import { ApiPage } from '../http/api-page.js';
import { lastPositionOf, type Page, pageOf } from '../http/paging.js';
import { AppError } from '../kernel/app-error.js';
import { isId } from '../kernel/ids.js';
import { RunAccess } from '../workflow/runs/run-access.service.js';
import { DeliveryDto, ListDeliveriesQuery, SettleDto } from './delivery.dto.js';
import { DeliveryRepository, type DeliveryRow } from './delivery.repository.js';
import { SettlementService } from './settlement.service.js';

@ApiTags('Deliveries')
@Controller({ version: '1' })
export class DeliveriesController {
  constructor(
    private readonly deliveries: DeliveryRepository,
    private readonly runs: RunAccess,
    private readonly settlement: SettlementService,
    private readonly database: DatabaseService,
  ) {}

  @Get('workflows/:id/deliveries')
  @ApiOperation({ summary: 'List what became of each message; `?status=uncertain` waits for a person' })
  @ApiPage(DeliveryDto)
  @RequirePermission('workflows.read')
  async list(
    @CurrentPrincipal() principal: Principal,
    @Param('id') id: string,
    @Query() query: ListDeliveriesQuery,
  ): Promise<Page<unknown>> {
    const afterIndex = query.cursor ? lastPositionOf(query.cursor) : -1;
    const rows = await this.database.withTenant(principal.tenantId, async (trx) => {
      if (!isId(id) || !(await this.runs.find(trx, id))) throw new AppError('WORKFLOW_NOT_FOUND');
      return this.deliveries.list(trx, id, query.status, afterIndex, query.limit + 1);
    });
    const page = pageOf(rows, query.limit, (row) => [String(row.index)]);
    return { ...page, items: page.items.map(present) };
  }

  @Post('deliveries/:id/settle')
  @ApiOperation({ summary: 'Say what became of an uncertain delivery' })
  @ApiOkResponse({ type: DeliveryDto })
  @HttpCode(200)
  @RequirePermission('deliveries.settle')
  async settle(
    @CurrentPrincipal() principal: Principal,
    @Param('id') id: string,
    @Body() body: SettleDto,
  ): Promise<unknown> {
    if (!isId(id)) throw new AppError('DELIVERY_NOT_FOUND');
    return present(await this.settlement.settle(principal, id, body.outcome));
  }
}

function present(row: DeliveryRow) {
  return {
    id: row.id,
    runId: row.run_id,
    index: row.index,
    channel: row.channel,
    messageId: row.message_id,
    status: row.status,
    attempts: row.attempts,
    detail: row.detail,
    createdAt: row.created_at,
    sendingAt: row.sending_at,
    settledAt: row.settled_at,
    settledBy: row.settled_by,
  };
}
