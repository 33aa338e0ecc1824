import { describe, expect, it } from 'vitest';
import { expiriesFrom, nextIdleExpiry, type Session, stateOf } from './session.js';

const HOUR_MS = 3_600_000;
const START = new Date('2030-01-01T00:00:00.000Z');
const CONFIG = { idleTimeoutHours: 24, maxAgeHours: 168 };
const after = (ms: number) => new Date(START.getTime() + ms);
const session = (changes: Partial<Session> = {}): Session => ({
  id: 'id',
  tenantId: 'tenant',
  ownerId: 'owner',
  sealedMetadata: null,
  createdAt: START,
  lastSeenAt: START,
  ...expiriesFrom(START, CONFIG),
  revokedAt: null,
  ...changes,
});

describe('a session', () => {
  it('ends when it was idle for too long', () => {
    expect(stateOf(session(), after(24 * HOUR_MS - 1))).toBe('live');
    expect(stateOf(session(), after(24 * HOUR_MS))).toBe('idle');
  });

  it('ends at its maximum age however much it is used', () => {
    const used = session({ idleExpiresAt: after(200 * HOUR_MS) });
    expect(stateOf(used, after(168 * HOUR_MS - 1))).toBe('live');
    expect(stateOf(used, after(168 * HOUR_MS))).toBe('aged');
  });

  it('has ended once it is revoked', () => {
    expect(stateOf(session({ revokedAt: START }), START)).toBe('revoked');
  });

  it('lives longer by being used, but never past its maximum age', () => {
    expect(nextIdleExpiry(session(), after(HOUR_MS), CONFIG)).toEqual(after(25 * HOUR_MS));
    const old = session({ idleExpiresAt: after(167 * HOUR_MS) });
    expect(nextIdleExpiry(old, after(160 * HOUR_MS), CONFIG)).toEqual(after(168 * HOUR_MS));
  });

  it('is not written for a use within the same minute', () => {
    expect(nextIdleExpiry(session(), after(60_000), CONFIG)).toBeUndefined();
    expect(nextIdleExpiry(session(), after(60_001), CONFIG)).toEqual(after(24 * HOUR_MS + 60_001));
  });

  it('lives longer by being used also when its timeout is shorter than a minute', () => {
    const short = { idleTimeoutHours: 0.001, maxAgeHours: 168 };
    const brief = session(expiriesFrom(START, short));
    expect(nextIdleExpiry(brief, after(2_000), short)).toEqual(after(5_600));
  });

  it('never has an idle end after its last end', () => {
    expect(expiriesFrom(START, { idleTimeoutHours: 10, maxAgeHours: 10 }).idleExpiresAt).toEqual(
      after(10 * HOUR_MS),
    );
  });
});
