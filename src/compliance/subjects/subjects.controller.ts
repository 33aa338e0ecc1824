import { Body, Controller, Delete, Get, HttpCode, Param, Post, Put, Query, Req } from '@nestjs/common';
import {
  ApiAcceptedResponse,
  ApiCreatedResponse,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
} from '@nestjs/swagger';
import { CurrentPrincipal } from '../../auth/current-principal.js';
import type { Principal } from '../../auth/principal.js';
import { RequirePermission } from '../../auth/require-permission.js';
import { DatabaseService } from '../../database/database.service.js';
import { ApiPage } from '../../http/api-page.js';
import type { HttpRequest } from '../../http/http-request.js';
import { lastIdOf, type Page, PageQuery, pageOf } from '../../http/paging.js';
import { PastConsentDto, pastConsentDtoOf } from '../consent/consent.dto.js';
import { ConsentService } from '../consent/consent.service.js';
import { SubjectRefs } from '../pii/subject-refs.service.js';
import { ErasureReceipts } from './erasure-receipts.service.js';
import { Erasures } from './erasures.service.js';
import { Restrictions } from './restrictions.service.js';
import type { SubjectActor } from './subject-actor.js';
import {
  ErasureDto,
  erasureDtoOf,
  RestrictionDto,
  restrictionDtoOf,
  WithdrawalDto,
  WithdrawDto,
} from './subjects.dto.js';

/** The rights of the people whose data is processed; `:subject` is an e-mail address or a reference. */
@ApiTags('Data subjects')
@Controller({ path: 'subjects', version: '1' })
export class SubjectsController {
  constructor(
    private readonly database: DatabaseService,
    private readonly subjects: SubjectRefs,
    private readonly consents: ConsentService,
    private readonly erasures: Erasures,
    private readonly receipts: ErasureReceipts,
    private readonly restrictions: Restrictions,
  ) {}

  @Get('erasures/:id')
  @ApiOperation({ summary: 'Show what became of an erasure' })
  @ApiOkResponse({ type: ErasureDto })
  @RequirePermission('subjects.erase')
  async erasure(@CurrentPrincipal() principal: Principal, @Param('id') id: string): Promise<ErasureDto> {
    const erasure = await this.erasures.get(principal.tenantId, id);
    return erasureDtoOf(erasure, await this.receipts.proofOf(erasure));
  }

  /** Nothing more is done with the person's data from the answer on; the receipt tells when all of it is gone. */
  @Delete(':subject')
  @ApiOperation({ summary: 'Erase a person' })
  @HttpCode(202)
  @ApiAcceptedResponse({ type: ErasureDto })
  @RequirePermission('subjects.erase')
  async erase(
    @CurrentPrincipal() principal: Principal,
    @Req() request: HttpRequest,
    @Param('subject') subject: string,
  ): Promise<ErasureDto> {
    const ref = this.subjects.refOf(principal.tenantId, subject);
    return erasureDtoOf(await this.erasures.request(actorOf(principal, request), ref), undefined);
  }

  /** Every word on the person, in whatever session of the tenant. */
  @Get(':subject/consents')
  @ApiOperation({ summary: 'List the history of the consents of a person' })
  @ApiPage(PastConsentDto)
  @RequirePermission('consents.read')
  history(
    @CurrentPrincipal() { tenantId }: Principal,
    @Param('subject') subject: string,
    @Query() query: PageQuery,
  ): Promise<Page<PastConsentDto>> {
    const subjectRef = this.subjects.refOf(tenantId, subject);
    const after = query.cursor === undefined ? undefined : lastIdOf(query.cursor);
    return this.database.withTenant(tenantId, async (trx) => {
      const words = await this.consents.history(trx, { subjectRef }, query.limit + 1, after);
      const page = pageOf(words, query.limit, (word) => [word.id]);
      return { ...page, items: page.items.map(pastConsentDtoOf) };
    });
  }

  /** Holds in every session of the tenant, until something is granted anew; open runs of the purpose are stopped. */
  @Post(':subject/withdrawals')
  @ApiOperation({ summary: 'Record that a person withdraws' })
  @ApiCreatedResponse({ type: WithdrawalDto })
  @RequirePermission('consents.withdraw')
  async withdraw(
    @CurrentPrincipal() { tenantId, id: actorRef }: Principal,
    @Req() { id: requestId }: HttpRequest,
    @Param('subject') subject: string,
    @Body() { purpose }: WithdrawDto,
  ): Promise<WithdrawalDto> {
    const subjectRef = this.subjects.refOf(tenantId, subject);
    const { runsCancelled, recipientsLeftOut, committed } = await this.database.withTenant(tenantId, (trx) =>
      this.consents.withdraw(trx, { tenantId, actorRef, requestId }, subjectRef, purpose),
    );
    committed();
    return { subjectRef, purpose: purpose ?? null, runsCancelled, recipientsLeftOut };
  }

  /** Nothing is done with the person's data any more, and nothing of it is removed. */
  @Put(':subject/restriction')
  @ApiOperation({ summary: 'Restrict the processing of a person’s data' })
  @ApiOkResponse({ type: RestrictionDto })
  @RequirePermission('subjects.restrict')
  async restrict(
    @CurrentPrincipal() principal: Principal,
    @Req() request: HttpRequest,
    @Param('subject') subject: string,
  ): Promise<RestrictionDto> {
    const ref = this.subjects.refOf(principal.tenantId, subject);
    return restrictionDtoOf(await this.restrictions.restrict(actorOf(principal, request), ref));
  }

  @Get(':subject/restriction')
  @ApiOperation({ summary: 'Show the restriction of a person’s data' })
  @ApiOkResponse({ type: RestrictionDto })
  @RequirePermission('subjects.restrict')
  async restriction(
    @CurrentPrincipal() { tenantId }: Principal,
    @Param('subject') subject: string,
  ): Promise<RestrictionDto> {
    return restrictionDtoOf(await this.restrictions.get(tenantId, this.subjects.refOf(tenantId, subject)));
  }

  @Delete(':subject/restriction')
  @ApiOperation({ summary: 'Lift the restriction of a person’s data' })
  @HttpCode(204)
  @ApiNoContentResponse()
  @RequirePermission('subjects.restrict')
  async liftRestriction(
    @CurrentPrincipal() principal: Principal,
    @Req() request: HttpRequest,
    @Param('subject') subject: string,
  ): Promise<void> {
    await this.restrictions.lift(
      actorOf(principal, request),
      this.subjects.refOf(principal.tenantId, subject),
    );
  }
}

function actorOf({ tenantId, id }: Principal, { id: requestId }: HttpRequest): SubjectActor {
  return { tenantId, id, requestId };
}
