import { describe, expect, it } from 'vitest';
import { soundReview } from '../../../../test/harness/sound-review.js';
import { consentRule } from './consent.rule.js';

describe('gdpr.consent', () => {
  it.each([['consent that covers everybody', {}]])('passes %s', (_what, changes) => {
    expect(consentRule.check(soundReview('DELIVERY', changes))).toBeUndefined();
  });

  it.each([
    ['a recipient without consent', { consent: { covered: false, missing: 1, purpose: 'x' } }],
    ['a word that only looks like consent', { consent: { covered: 'yes', missing: 0, purpose: 'x' } }],
    ['consent nobody has asked for', { consent: undefined }],
  ])('denies %s', (_what, changes) => {
    expect(consentRule.check(soundReview('DELIVERY', changes))).toEqual(expect.any(String));
  });
});
