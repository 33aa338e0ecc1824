import { Body, Controller, Delete, Get, HttpCode, Param, Post, Put, Req } from '@nestjs/common';
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
import { ConsentService } from '../compliance/consent/consent.service.js';
import { DatabaseService } from '../database/database.service.js';
import type { Trx } from '../database/trx.js';
import type { HttpRequest } from '../http/http-request.js';
import { Idempotent } from '../http/idempotent.js';
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
  create(
    @CurrentPrincipal() principal: Principal,
    @Req() request: HttpRequest,
    @Body() body: CreateSessionDto,
  ): Promise<SessionDto> {
    return this.database.withTenant(principal.tenantId, async (trx) => {
      const session = await this.sessions.open(trx, principal, request.id, body.metadata);
      await this.record(trx, session, request.id, body.consents ?? []);
      const answer = await this.present(trx, session);
      await request.idempotency?.store(trx, 201, answer);
      return answer;
    });
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
  recordConsents(
    @CurrentPrincipal() principal: Principal,
    @Req() request: HttpRequest,
    @Param('id') id: string,
    @Body() body: RecordConsentsDto,
  ): Promise<SessionDto> {
    return this.database.withTenant(principal.tenantId, async (trx) => {
      const session = await this.sessions.use(trx, principal, id);
      await this.record(trx, session, request.id, body.consents);
      return this.present(trx, session);
    });
  }

  private record(trx: Trx, session: Session, requestId: string, consents: readonly Consent[]): Promise<void> {
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
