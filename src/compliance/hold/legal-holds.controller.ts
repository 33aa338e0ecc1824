import { Body, Controller, Delete, Get, HttpCode, Param, Post, Put, Query, Req } from '@nestjs/common';
import { ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { CurrentPrincipal } from '../../auth/current-principal.js';
import type { Principal } from '../../auth/principal.js';
import { RequirePermission } from '../../auth/require-permission.js';
import { ApiPage } from '../../http/api-page.js';
import type { HttpRequest } from '../../http/http-request.js';
import { Idempotent } from '../../http/idempotent.js';
import { lastIdOf, type Page, PageQuery, pageOf } from '../../http/paging.js';
import { AppError, type FieldError } from '../../kernel/app-error.js';
import { SubjectRefs } from '../pii/subject-refs.service.js';
import type { HoldScope } from './legal-hold.js';
import { LegalHoldDto, legalHoldDtoOf, PlaceHoldDto, SubjectHoldDto } from './legal-hold.dto.js';
import { type HoldActor, LegalHolds } from './legal-holds.service.js';

/** Orders to keep what retention and erasure would take away. */
@ApiTags('Data subjects')
@Controller({ version: '1' })
export class LegalHoldsController {
  constructor(
    private readonly holds: LegalHolds,
    private readonly subjects: SubjectRefs,
  ) {}

  @Post('audit/holds')
  @ApiOperation({ summary: 'Place a legal hold' })
  @Idempotent()
  @ApiCreatedResponse({ type: LegalHoldDto })
  @RequirePermission('holds.manage')
  async place(
    @CurrentPrincipal() principal: Principal,
    @Req() request: HttpRequest,
    @Body() body: PlaceHoldDto,
  ): Promise<LegalHoldDto> {
    const what = this.scopeOf(principal.tenantId, body);
    const hold = await this.holds.place(
      actorOf(principal, request),
      what,
      body.reference,
      async (trx, made) => {
        await request.idempotency?.store(trx, 201, legalHoldDtoOf(made));
      },
    );
    return legalHoldDtoOf(hold);
  }

  @Get('audit/holds')
  @ApiOperation({ summary: 'List legal holds, lifted ones included' })
  @ApiPage(LegalHoldDto)
  @RequirePermission('holds.read')
  async list(
    @CurrentPrincipal() principal: Principal,
    @Query() query: PageQuery,
  ): Promise<Page<LegalHoldDto>> {
    const before = query.cursor === undefined ? undefined : lastIdOf(query.cursor);
    const page = pageOf(
      await this.holds.list(principal.tenantId, query.limit + 1, before),
      query.limit,
      (hold) => [hold.id],
    );
    return { ...page, items: page.items.map(legalHoldDtoOf) };
  }

  @Get('audit/holds/:id')
  @ApiOperation({ summary: 'Show a legal hold' })
  @ApiOkResponse({ type: LegalHoldDto })
  @RequirePermission('holds.read')
  async get(@CurrentPrincipal() principal: Principal, @Param('id') id: string): Promise<LegalHoldDto> {
    return legalHoldDtoOf(await this.holds.get(principal.tenantId, id));
  }

  /** The first call asks for the end, a call by another person ends it. */
  @Delete('audit/holds/:id')
  @ApiOperation({ summary: 'Ask for the end of a legal hold, or agree to it' })
  @HttpCode(200)
  @ApiOkResponse({ type: LegalHoldDto })
  @RequirePermission('holds.manage')
  async lift(
    @CurrentPrincipal() principal: Principal,
    @Req() request: HttpRequest,
    @Param('id') id: string,
  ): Promise<LegalHoldDto> {
    return legalHoldDtoOf(await this.holds.lift(actorOf(principal, request), id));
  }

  @Put('subjects/:subject/legal-hold')
  @ApiOperation({ summary: "Place a legal hold on a person's data" })
  @ApiOkResponse({ type: LegalHoldDto })
  @RequirePermission('holds.manage')
  async placeOnSubject(
    @CurrentPrincipal() principal: Principal,
    @Req() request: HttpRequest,
    @Param('subject') subject: string,
    @Body() body: SubjectHoldDto,
  ): Promise<LegalHoldDto> {
    const subjectRef = this.subjects.refOf(principal.tenantId, subject);
    const what = { scope: 'subject', subjectRef } as const;
    return legalHoldDtoOf(await this.holds.place(actorOf(principal, request), what, body.reference));
  }

  /** The first call asks for the end, a call by another person ends it. */
  @Delete('subjects/:subject/legal-hold')
  @ApiOperation({ summary: "Ask for the end of the hold on a person's data, or agree to it" })
  @HttpCode(200)
  @ApiOkResponse({ type: LegalHoldDto })
  @RequirePermission('holds.manage')
  async liftOfSubject(
    @CurrentPrincipal() principal: Principal,
    @Req() request: HttpRequest,
    @Param('subject') subject: string,
  ): Promise<LegalHoldDto> {
    const subjectRef = this.subjects.refOf(principal.tenantId, subject);
    return legalHoldDtoOf(await this.holds.liftOfSubject(actorOf(principal, request), subjectRef));
  }

  private scopeOf(tenantId: string, body: PlaceHoldDto): HoldScope {
    const { scope, runId = '', subject = '', from = '', to = '' } = body;
    const wanted = WANTED[scope];
    const surplus = (['runId', 'subject', 'from', 'to'] as const).filter(
      (name) => body[name] !== undefined && !wanted.has(name),
    );
    const errors: FieldError[] = surplus.map((path) => ({
      path,
      message: `does not go with the scope ${scope}`,
    }));
    if (scope === 'period' && new Date(from) >= new Date(to))
      errors.push({ path: 'to', message: 'must be later than from' });
    if (errors.length > 0) throw new AppError('VALIDATION_FAILED', { errors });
    switch (scope) {
      case 'tenant':
        return { scope };
      case 'run':
        return { scope, runId };
      case 'subject':
        return { scope, subjectRef: this.subjects.refOf(tenantId, subject) };
      case 'period':
        return { scope, from: new Date(from), to: new Date(to) };
    }
  }
}

/** What goes with each scope. */
const WANTED: Readonly<Record<HoldScope['scope'], ReadonlySet<string>>> = {
  tenant: new Set(),
  run: new Set(['runId']),
  subject: new Set(['subject']),
  period: new Set(['from', 'to']),
};

function actorOf({ tenantId, id }: Principal, { id: requestId }: HttpRequest): HoldActor {
  return { tenantId, id, requestId };
}
