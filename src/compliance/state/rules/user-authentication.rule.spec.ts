import { describe, expect, it } from 'vitest';
import { soundReview } from '../../../../test/harness/sound-review.js';
import { userAuthenticationRule } from './user-authentication.rule.js';

describe('user.authentication', () => {
  it.each([['whoever starts their own run', {}]])('passes %s', (_what, changes) => {
    expect(userAuthenticationRule.check(soundReview('INITIALIZATION', changes))).toBeUndefined();
  });

  it.each([
    ['nobody', { actorId: undefined }],
    ['an empty name', { actorId: '', ownerId: '' }],
    ['a start for somebody else', { actorId: 'p2' }],
  ])('denies %s', (_what, changes) => {
    expect(userAuthenticationRule.check(soundReview('INITIALIZATION', changes))).toEqual(expect.any(String));
  });
});
