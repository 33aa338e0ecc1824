import type { AppConfig } from '../config/app-config.js';

/** One sitting of a principal. */
export interface Session {
  readonly id: string;
  readonly tenantId: string;
  readonly ownerId: string;
  readonly sealedMetadata: Buffer | null;
  readonly createdAt: Date;
  /** When it was last used; may lag by what {@link nextIdleExpiry} lets pass unwritten. */
  readonly lastSeenAt: Date;
  /** It ends when nobody has used it until then … */
  readonly idleExpiresAt: Date;
  /** … and here in any case. */
  readonly expiresAt: Date;
  readonly revokedAt: Date | null;
}

export type SessionState = 'live' | 'idle' | 'aged' | 'revoked';

const HOUR_MS = 3_600_000;
const LEAST_SLIDE_MS = 60_000;

/** The two ends a session that starts now will have. */
export function expiriesFrom(
  now: Date,
  config: AppConfig['sessions'],
): { idleExpiresAt: Date; expiresAt: Date } {
  const expiresAt = new Date(now.getTime() + config.maxAgeHours * HOUR_MS);
  return {
    idleExpiresAt: earlier(new Date(now.getTime() + config.idleTimeoutHours * HOUR_MS), expiresAt),
    expiresAt,
  };
}

/** Whether a session can still be used, and if not, why. */
export function stateOf(session: Session, now: Date): SessionState {
  if (session.revokedAt) return 'revoked';
  if (now >= session.expiresAt) return 'aged';
  if (now >= session.idleExpiresAt) return 'idle';
  return 'live';
}

/**
 * Where a use at this moment moves the idle end to; nothing when it moves by too little to be worth a write:
 * a minute, or a sixtieth of a timeout shorter than an hour.
 */
export function nextIdleExpiry(session: Session, now: Date, config: AppConfig['sessions']): Date | undefined {
  const idleMs = config.idleTimeoutHours * HOUR_MS;
  const next = earlier(new Date(now.getTime() + idleMs), session.expiresAt);
  const movedMs = next.getTime() - session.idleExpiresAt.getTime();
  return movedMs > Math.min(LEAST_SLIDE_MS, idleMs / 60) ? next : undefined;
}

function earlier(a: Date, b: Date): Date {
  return a < b ? a : b;
}
