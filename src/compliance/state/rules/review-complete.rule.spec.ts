import { describe, expect, it } from 'vitest';
import { soundReview } from '../../../../test/harness/sound-review.js';
import { reviewCompleteRule } from './review-complete.rule.js';

describe('review.complete', () => {
  it.each([
    ['as many approvals as the terms ask for', {}],
    ['what nobody has to approve', { oversight: 'not_needed' }],
  ])('passes %s', (_what, changes) => {
    expect(reviewCompleteRule.check(soundReview('DELIVERY', changes))).toBeUndefined();
  });

  it.each([
    ['too few people', { oversight: { required: 2, approvals: 1, invalid: 0 } }],
    ['a late approval or one of the requester', { oversight: { required: 1, approvals: 1, invalid: 1 } }],
    ['people nobody has counted', { oversight: undefined }],
  ])('denies %s', (_what, changes) => {
    expect(reviewCompleteRule.check(soundReview('DELIVERY', changes))).toEqual(expect.any(String));
  });
});
