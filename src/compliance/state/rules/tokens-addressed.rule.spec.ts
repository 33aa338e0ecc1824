import { describe, expect, it } from 'vitest';
import { soundReview } from '../../../../test/harness/sound-review.js';
import { tokensAddressedRule } from './tokens-addressed.rule.js';

describe('tokens.addressed', () => {
  it.each([['messages with their own recipient’s tokens', {}]])('passes %s', (_what, changes) => {
    expect(tokensAddressedRule.check(soundReview('DELIVERY', changes))).toBeUndefined();
  });

  it.each([
    ['a message with somebody else’s token', { misaddressed: 1 }],
    ['tokens nobody has looked at', { misaddressed: undefined }],
  ])('denies %s', (_what, changes) => {
    expect(tokensAddressedRule.check(soundReview('DELIVERY', changes))).toEqual(expect.any(String));
  });
});
