import {
  Body,
  Controller,
  Delete,
  Get,
  Header,
  HttpCode,
  Param,
  Patch,
  Post,
  Query,
  Req,
} from '@nestjs/common';
import {
  ApiCreatedResponse,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
} from '@nestjs/swagger';
import { CurrentPrincipal } from '../auth/current-principal.js';
import type { Principal } from '../auth/principal.js';
import { RequirePermission } from '../auth/require-permission.js';
import { ApiPage } from '../http/api-page.js';
import type { HttpRequest } from '../http/http-request.js';
import { Idempotent } from '../http/idempotent.js';
import { lastIdOf, type Page, PageQuery, pageOf } from '../http/paging.js';
import { EndpointRegistry } from './endpoints/endpoint-registry.service.js';
import { EndpointSecrets } from './endpoints/endpoint-secrets.service.js';
import {
  CreatedSecretDto,
  CreatedWebhookDto,
  CreateWebhookDto,
  RotateSecretDto,
  UpdateWebhookDto,
  WebhookDto,
} from './webhook.dto.js';
import { presentCreatedSecret, presentCreatedWebhook, presentWebhook } from './webhook.presenter.js';

/** Who is told what happens to runs. */
@ApiTags('Webhooks')
@Controller({ path: 'webhooks', version: '1' })
export class WebhooksController {
  constructor(
    private readonly endpoints: EndpointRegistry,
    private readonly secrets: EndpointSecrets,
  ) {}

  @Post()
  @ApiOperation({ summary: 'Make a webhook endpoint; the answer alone shows its secret' })
  @Idempotent()
  @Header('Cache-Control', 'no-store')
  @ApiCreatedResponse({ type: CreatedWebhookDto })
  @RequirePermission('webhooks.manage')
  async create(
    @CurrentPrincipal() principal: Principal,
    @Req() request: HttpRequest,
    @Body() body: CreateWebhookDto,
  ): Promise<CreatedWebhookDto> {
    const { url, eventTypes, description = null, definition = null } = body;
    const wanted = { url, eventTypes, description, definition };
    const created = await this.endpoints.create(principal, request.id, wanted, async (trx, endpoint) =>
      request.idempotency?.store(trx, 201, presentCreatedWebhook(endpoint)),
    );
    return presentCreatedWebhook(created);
  }

  @Get()
  @ApiOperation({ summary: 'List webhook endpoints, newest first' })
  @ApiPage(WebhookDto)
  @RequirePermission('webhooks.read')
  async list(@CurrentPrincipal() principal: Principal, @Query() query: PageQuery): Promise<Page<WebhookDto>> {
    const before = query.cursor === undefined ? undefined : lastIdOf(query.cursor);
    const found = await this.endpoints.list(principal, query.limit + 1, before);
    const page = pageOf(found, query.limit, (endpoint) => [endpoint.id]);
    return { ...page, items: page.items.map(presentWebhook) };
  }

  @Get(':id')
  @ApiOperation({ summary: 'Show a webhook endpoint' })
  @ApiOkResponse({ type: WebhookDto })
  @RequirePermission('webhooks.read')
  async get(@CurrentPrincipal() principal: Principal, @Param('id') id: string): Promise<WebhookDto> {
    return presentWebhook(await this.endpoints.get(principal, id));
  }

  @Patch(':id')
  @ApiOperation({ summary: 'Change, stop or resume a webhook endpoint' })
  @ApiOkResponse({ type: WebhookDto })
  @RequirePermission('webhooks.manage')
  async update(
    @CurrentPrincipal() principal: Principal,
    @Req() request: HttpRequest,
    @Param('id') id: string,
    @Body() body: UpdateWebhookDto,
  ): Promise<WebhookDto> {
    return presentWebhook(await this.endpoints.update(principal, request.id, id, namedIn(body)));
  }

  @Delete(':id')
  @ApiOperation({ summary: 'Delete a webhook endpoint' })
  @HttpCode(204)
  @ApiNoContentResponse()
  @RequirePermission('webhooks.manage')
  async delete(
    @CurrentPrincipal() principal: Principal,
    @Req() request: HttpRequest,
    @Param('id') id: string,
  ): Promise<void> {
    await this.endpoints.delete(principal, request.id, id);
  }

  @Post(':id/secrets')
  @ApiOperation({ summary: 'Add a signing secret and let the others run out; the answer alone shows it' })
  @Idempotent()
  @Header('Cache-Control', 'no-store')
  @ApiCreatedResponse({ type: CreatedSecretDto })
  @RequirePermission('webhooks.manage')
  async rotate(
    @CurrentPrincipal() principal: Principal,
    @Req() request: HttpRequest,
    @Param('id') id: string,
    @Body() { overlapSeconds }: RotateSecretDto,
  ): Promise<CreatedSecretDto> {
    const rotated = await this.secrets.rotate(
      principal,
      request.id,
      id,
      overlapSeconds,
      async (trx, secret) => request.idempotency?.store(trx, 201, presentCreatedSecret(secret)),
    );
    return presentCreatedSecret(rotated);
  }
}

/** A field that the body does not name is there nevertheless, once it is an object of its class. */
function namedIn<T extends object>(body: T): Partial<T> {
  return Object.fromEntries(Object.entries(body).filter(([, value]) => value !== undefined)) as Partial<T>;
}
