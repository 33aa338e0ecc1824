import { Body, Controller, Delete, Get, HttpCode, Param, Post, Put, Query, Req } from '@nestjs/common';
import {
  ApiBearerAuth,
  ApiCreatedResponse,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
} from '@nestjs/swagger';
import { CurrentPrincipal } from '../auth/current-principal.js';
import type { Principal } from '../auth/principal.js';
import { RequirePermission } from '../auth/require-permission.js';
import type { Consent } from '../compliance/consent/consent.js';
import { PastConsentDto, pastConsentDtoOf } from '../compliance/consent/consent.dto.js';
import { ConsentService } from '../compliance/consent/consent.service.js';
import type { StoppedWork } from '../compliance/consent/work-stops.js';
import { DatabaseService } from '../database/database.service.js';
import type { Trx } from '../database/trx.js';
import { ApiPage } from '../http/api-page.js';
import type { HttpRequest } from '../http/http-request.js';
import { Idempotent } from '../http/idempotent.js';
import { lastIdOf, type Page, PageQuery, pageOf } from '../http/paging.js';
import { CreateSessionDto, RecordConsentsDto, SessionDto, sessionDtoOf } from './session.dto.js';
import type { Session } from './session.js';
import { SessionService } from './session.service.js';

/** Sessions of the caller and the consents recorded in them. */
@ApiTags('Sessions')
@ApiBearerAuth()
@Controller({ path: 'sessions', version: '1' })
export class SessionController {
  constructor(
    private readonly database: DatabaseService,
    private readonly sessions: SessionService,
    private readonly consents: ConsentService,
  ) {}

  @Post()
  @ApiOperation({ summary: 'Open a session, with consents if they are known' })
  @Idempotent()
  @RequirePermission('sessions.write')
  @ApiCreatedResponse({ type: SessionDto })
  async create(
    @CurrentPrincipal() principal: Principal,
    @Req() request: HttpRequest,
    @Body() body: CreateSessionDto,
  ): Promise<SessionDto> {
    const { answer, stopped } = await this.database.withTenant(principal.tenantId, async (trx) => {
      const session = await this.sessions.open(trx, principal, request.id, body.metadata);
      const work = await this.record(trx, session, request.id, body.consents ?? []);
      const opened = await this.present(trx, session);
      await request.idempotency?.store(trx, 201, opened);
      return { answer: opened, stopped: work };
    });
    stopped.committed();
    return answer;
  }

  /** The session; reading it counts as using it. */
  @Get(':id')
  @ApiOperation({ summary: 'Show a session' })
  @RequirePermission('sessions.read')
  @ApiOkResponse({ type: SessionDto })
  get(@CurrentPrincipal() principal: Principal, @Param('id') id: string): Promise<SessionDto> {
    return this.database.withTenant(principal.tenantId, async (trx) =>
      this.present(trx, await this.sessions.use(trx, principal, id)),
    );
  }

  /** Ends the session; 204 again when it has ended already. */
  @Delete(':id')
  @ApiOperation({ summary: 'End a session' })
  @HttpCode(204)
  @RequirePermission('sessions.write')
  @ApiNoContentResponse()
  async revoke(
    @CurrentPrincipal() principal: Principal,
    @Req() request: HttpRequest,
    @Param('id') id: string,
  ): Promise<void> {
    await this.database.withTenant(principal.tenantId, (trx) =>
      this.sessions.revoke(trx, principal, request.id, id),
    );
  }

  /** Records consents and withdrawals; the newest word on a subject and purpose counts, the older ones are kept. */
  @Put(':id/consents')
  @ApiOperation({ summary: 'Record consents and withdrawals' })
  @RequirePermission('sessions.write')
  @ApiOkResponse({ type: SessionDto })
  async recordConsents(
    @CurrentPrincipal() principal: Principal,
    @Req() request: HttpRequest,
    @Param('id') id: string,
    @Body() body: RecordConsentsDto,
  ): Promise<SessionDto> {
    const { answer, stopped } = await this.database.withTenant(principal.tenantId, async (trx) => {
      const session = await this.sessions.use(trx, principal, id);
      const work = await this.record(trx, session, request.id, body.consents);
      return { answer: await this.present(trx, session), stopped: work };
    });
    stopped.committed();
    return answer;
  }

  /** Every word that was given in the session, withdrawn ones included. */
  @Get(':id/consents')
  @ApiOperation({ summary: 'List the history of the consents of a session' })
  @RequirePermission('sessions.read')
  @ApiPage(PastConsentDto)
  history(
    @CurrentPrincipal() principal: Principal,
    @Param('id') id: string,
    @Query() query: PageQuery,
  ): Promise<Page<PastConsentDto>> {
    const after = query.cursor === undefined ? undefined : lastIdOf(query.cursor);
    return this.database.withTenant(principal.tenantId, async (trx) => {
      const session = await this.sessions.use(trx, principal, id);
      const words = await this.consents.history(trx, { sessionId: session.id }, query.limit + 1, after);
      const page = pageOf(words, query.limit, (word) => [word.id]);
      return { ...page, items: page.items.map(pastConsentDtoOf) };
    });
  }

  private record(
    trx: Trx,
    session: Session,
    requestId: string,
    consents: readonly Consent[],
  ): Promise<StoppedWork> {
    const { tenantId, id: sessionId, ownerId: actorRef } = session;
    return this.consents.record(trx, { tenantId, sessionId, actorRef, requestId, consents });
  }

  private async present(trx: Trx, session: Session): Promise<SessionDto> {
    return sessionDtoOf(
      session,
      await this.consents.current(trx, session.id),
      this.sessions.metadataOf(session),
    );
  }
}
