import { Inject, Injectable } from '@nestjs/common';
import type { Principal } from '../auth/principal.js';
import { AuditTrail } from '../compliance/audit/audit-trail.service.js';
import type { AppConfig } from '../config/app-config.js';
import { InjectConfig } from '../config/inject-config.js';
import { BatchedRead } from '../database/batched-read.js';
import { DatabaseService } from '../database/database.service.js';
import type { Trx } from '../database/trx.js';
import { AppError } from '../kernel/app-error.js';
import { CLOCK, type Clock } from '../kernel/clock.js';
import { isId, newId } from '../kernel/ids.js';
import { expiriesFrom, nextIdleExpiry, type Session, type SessionState, stateOf } from './session.js';
import { type SessionMetadata, SessionMetadataSeal } from './session-metadata.js';
import {
  type OwnedSession,
  type OwnedSessionRow,
  sessionOf,
  SessionRepository,
} from './session.repository.js';

const WHY_ENDED: Readonly<Record<Exclude<SessionState, 'live'>, string>> = {
  idle: 'The session was not used for too long.',
  aged: 'The session reached its maximum age.',
  revoked: 'The session was revoked.',
};

/** Sessions: opened, used and revoked by their owner, and by nobody else whatever their role. */
@Injectable()
export class SessionService {
  private readonly owned: BatchedRead<OwnedSession, OwnedSessionRow>;

  constructor(
    private readonly repository: SessionRepository,
    private readonly seal: SessionMetadataSeal,
    private readonly audit: AuditTrail,
    @InjectConfig('sessions') private readonly config: AppConfig['sessions'],
    private readonly database: DatabaseService,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {
    this.owned = new BatchedRead(database.asEngine, SessionRepository.OWNED);
  }

  /** Opens a session that belongs to the principal. */
  async open(
    trx: Trx,
    principal: Principal,
    requestId: string,
    metadata: SessionMetadata | undefined,
  ): Promise<Session> {
    const now = this.clock.now();
    const id = newId();
    const session: Session = {
      id,
      tenantId: principal.tenantId,
      ownerId: principal.id,
      sealedMetadata: metadata ? this.seal.seal(principal.tenantId, id, metadata) : null,
      createdAt: now,
      lastSeenAt: now,
      ...expiriesFrom(now, this.config),
      revokedAt: null,
    };
    await this.repository.insert(trx, session);
    await this.appendAudit(trx, 'session.created', principal, requestId, id);
    return session;
  }

  /**
   * The session, if the principal may go on with it; that counts as a use and moves the idle end.
   *
   * @throws AppError SESSION_NOT_FOUND for an unknown id and for anybody else's session alike;
   *   SESSION_EXPIRED, to its owner only, once it has expired or was revoked.
   */
  async use(trx: Trx, principal: Principal, sessionId: string): Promise<Session> {
    const session = this.usable(await this.getOwned(trx, principal, sessionId));
    const now = this.clock.now();
    const idleExpiresAt = nextIdleExpiry(session, now, this.config);
    if (!idleExpiresAt) return session;
    await this.repository.slide(trx, session.id, now, idleExpiresAt);
    return { ...session, lastSeenAt: now, idleExpiresAt };
  }

  /** The same outside a transaction, looked up together with what others ask for at this moment. */
  async useNow(principal: Principal, sessionId: string): Promise<Session> {
    const { id: ownerId, tenantId } = principal;
    const [row] = isId(sessionId) ? await this.owned.ask({ id: sessionId, tenantId, ownerId }) : [];
    if (!row) throw new AppError('SESSION_NOT_FOUND');
    const session = this.usable(sessionOf(row));
    if (!nextIdleExpiry(session, this.clock.now(), this.config)) return session;
    return this.database.withTenant(tenantId, (trx) => this.use(trx, principal, sessionId));
  }

  /** Ends a session for good. Doing it again, or to an expired one, is no fault and leaves it ended. */
  async revoke(trx: Trx, principal: Principal, requestId: string, sessionId: string): Promise<void> {
    const session = await this.getOwned(trx, principal, sessionId);
    if (!(await this.repository.revoke(trx, session.id, this.clock.now()))) return;
    await this.appendAudit(trx, 'session.revoked', principal, requestId, session.id);
  }

  /** Who owns a session, for checks that come after its use; undefined when there is no such session. */
  ownerOf(trx: Trx, sessionId: string): Promise<string | undefined> {
    return this.repository.findOwner(trx, sessionId);
  }

  /** What the owner keeps with the session. */
  metadataOf(session: Session): SessionMetadata | undefined {
    return this.seal.open(session);
  }

  private usable(session: Session): Session {
    const state = stateOf(session, this.clock.now());
    if (state !== 'live') throw new AppError('SESSION_EXPIRED', { detail: WHY_ENDED[state] });
    return session;
  }

  private async getOwned(trx: Trx, principal: Principal, sessionId: string): Promise<Session> {
    const session = isId(sessionId)
      ? await this.repository.findOwned(trx, principal.tenantId, principal.id, sessionId)
      : undefined;
    if (!session) throw new AppError('SESSION_NOT_FOUND');
    return session;
  }

  private async appendAudit(
    trx: Trx,
    type: 'session.created' | 'session.revoked',
    principal: Principal,
    requestId: string,
    sessionId: string,
  ): Promise<void> {
    await this.audit.append(trx, principal.tenantId, {
      type,
      outcome: 'success',
      actor: { type: 'apiKey', ref: principal.id },
      targets: [{ type: 'session', ref: sessionId }],
      sessionId,
      context: { requestId },
    });
  }
}
