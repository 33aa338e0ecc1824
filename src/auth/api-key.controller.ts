import { Body, Controller, Delete, Get, Header, HttpCode, Param, Post, Query, Req } from '@nestjs/common';
import {
  ApiBearerAuth,
  ApiCreatedResponse,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
} from '@nestjs/swagger';
import type { HttpRequest } from '../http/http-request.js';
import { Idempotent } from '../http/idempotent.js';
import { lastIdOf, PageQuery, pageOf } from '../http/paging.js';
import {
  ApiKeyPageDto,
  apiKeyDtoOf,
  CreateApiKeyDto,
  CreatedApiKeyDto,
  createdApiKeyDtoOf,
} from './api-key.dto.js';
import { ApiKeyService } from './api-key.service.js';
import { CurrentPrincipal } from './current-principal.js';
import type { Principal } from './principal.js';
import { RequirePermission } from './require-permission.js';

/** API keys of the caller's tenant. */
@ApiTags('Identity')
@ApiBearerAuth()
@Controller({ path: 'api-keys', version: '1' })
@RequirePermission('api-keys.manage')
export class ApiKeyController {
  constructor(private readonly keys: ApiKeyService) {}

  @Get()
  @ApiOperation({ summary: 'List API keys, newest first' })
  @ApiOkResponse({ type: ApiKeyPageDto })
  async list(@CurrentPrincipal() principal: Principal, @Query() query: PageQuery): Promise<ApiKeyPageDto> {
    const before = query.cursor === undefined ? undefined : lastIdOf(query.cursor);
    const found = await this.keys.list(principal, query.limit + 1, before);
    const page = pageOf(found, query.limit, (key) => [key.id]);
    return { items: page.items.map(apiKeyDtoOf), nextCursor: page.nextCursor };
  }

  @Post()
  @ApiOperation({ summary: 'Make an API key; the answer alone shows it' })
  @Idempotent()
  @Header('Cache-Control', 'no-store')
  @ApiCreatedResponse({ type: CreatedApiKeyDto })
  async create(
    @CurrentPrincipal() principal: Principal,
    @Req() request: HttpRequest,
    @Body() body: CreateApiKeyDto,
  ): Promise<CreatedApiKeyDto> {
    const created = await this.keys.create(
      principal,
      request.id,
      { name: body.name, roles: body.roles, expiresAt: body.expiresAt ? new Date(body.expiresAt) : null },
      async (trx, key) => request.idempotency?.store(trx, 201, createdApiKeyDtoOf(key)),
    );
    return createdApiKeyDtoOf(created);
  }

  /** Takes a key out of use; 204 again when it already is. */
  @Delete(':id')
  @ApiOperation({ summary: 'Take an API key out of use' })
  @HttpCode(204)
  @ApiNoContentResponse()
  async revoke(
    @CurrentPrincipal() principal: Principal,
    @Req() request: HttpRequest,
    @Param('id') id: string,
  ): Promise<void> {
    await this.keys.revoke(principal, request.id, id);
  }
}
