import { describe, expect, it } from 'vitest';
import { soundReview } from '../../../../test/harness/sound-review.js';
import { sessionOwnershipRule } from './session-ownership.rule.js';

describe('session.ownership', () => {
  it.each([['the owner’s usable session', {}]])('passes %s', (_what, changes) => {
    expect(sessionOwnershipRule.check(soundReview('INITIALIZATION', changes))).toBeUndefined();
  });

  it.each([
    ['somebody else’s session', { session: { ownerId: 'p2', usable: true } }],
    ['a session that has expired', { session: { ownerId: 'p1', usable: false } }],
    ['a session nobody has looked at', { session: undefined }],
    ['owners that are not named', { session: { ownerId: 1, usable: true }, ownerId: 1 }],
  ])('denies %s', (_what, changes) => {
    expect(sessionOwnershipRule.check(soundReview('INITIALIZATION', changes))).toEqual(expect.any(String));
  });
});
