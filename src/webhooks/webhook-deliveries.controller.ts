import { Controller, Get, HttpCode, Param, Post, Query, Req } from '@nestjs/common';
import { ApiAcceptedResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { CurrentPrincipal } from '../auth/current-principal.js';
import type { Principal } from '../auth/principal.js';
import { RequirePermission } from '../auth/require-permission.js';
import { ApiPage } from '../http/api-page.js';
import type { HttpRequest } from '../http/http-request.js';
import { Idempotent } from '../http/idempotent.js';
import { lastIdOf, type Page, pageOf } from '../http/paging.js';
import { DeliveryLog } from './delivery/delivery-log.service.js';
import {
  ListWebhookDeliveriesQuery,
  WebhookDeliveryDto,
  webhookDeliveryDtoOf,
} from './webhook-delivery.dto.js';

/** What was delivered to an endpoint, and what shall be. */
@ApiTags('Webhooks')
@Controller({ path: 'webhooks/:id', version: '1' })
export class WebhookDeliveriesController {
  constructor(private readonly log: DeliveryLog) {}

  @Get('deliveries')
  @ApiOperation({ summary: 'List deliveries to a webhook endpoint, newest first' })
  @ApiPage(WebhookDeliveryDto)
  @RequirePermission('webhooks.read')
  async list(
    @CurrentPrincipal() principal: Principal,
    @Param('id') id: string,
    @Query() { status, limit, cursor }: ListWebhookDeliveriesQuery,
  ): Promise<Page<WebhookDeliveryDto>> {
    const before = cursor === undefined ? undefined : lastIdOf(cursor);
    const rows = await this.log.list(principal, id, status, limit + 1, before);
    const page = pageOf(rows, limit, (row) => [row.id]);
    return { ...page, items: page.items.map(webhookDeliveryDtoOf) };
  }

  @Post('test')
  @ApiOperation({ summary: 'Send a test message' })
  @ApiAcceptedResponse({ type: WebhookDeliveryDto })
  @HttpCode(202)
  @Idempotent()
  @RequirePermission('webhooks.manage')
  async test(
    @CurrentPrincipal() principal: Principal,
    @Req() request: HttpRequest,
    @Param('id') id: string,
  ): Promise<WebhookDeliveryDto> {
    const delivery = await this.log.test(principal, request.id, id, async (trx, made) =>
      request.idempotency?.store(trx, 202, webhookDeliveryDtoOf(made)),
    );
    return webhookDeliveryDtoOf(delivery);
  }

  @Post('deliveries/:deliveryId/redeliver')
  @ApiOperation({ summary: 'Send a message once more' })
  @ApiAcceptedResponse({ type: WebhookDeliveryDto })
  @HttpCode(202)
  @Idempotent()
  @RequirePermission('webhooks.manage')
  async redeliver(
    @CurrentPrincipal() principal: Principal,
    @Req() request: HttpRequest,
    @Param('id') id: string,
    @Param('deliveryId') deliveryId: string,
  ): Promise<WebhookDeliveryDto> {
    const delivery = await this.log.redeliver(principal, request.id, id, deliveryId, async (trx, restarted) =>
      request.idempotency?.store(trx, 202, webhookDeliveryDtoOf(restarted)),
    );
    return webhookDeliveryDtoOf(delivery);
  }
}
