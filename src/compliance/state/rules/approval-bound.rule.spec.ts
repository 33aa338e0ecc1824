import { describe, expect, it } from 'vitest';
import { soundReview } from '../../../../test/harness/sound-review.js';
import { approvalBoundRule } from './approval-bound.rule.js';

describe('approval.bound', () => {
  it.each([
    ['what was approved', {}],
    ['what nobody has to approve', { approval: 'not_needed' }],
  ])('passes %s', (_what, changes) => {
    expect(approvalBoundRule.check(soundReview('DELIVERY', changes))).toBeUndefined();
  });

  it.each([
    ['an approval that is pending', { approval: { status: 'pending', approvedHash: 'h', actualHash: 'h' } }],
    [
      'something else than was approved',
      { approval: { status: 'approved', approvedHash: 'h', actualHash: 'other' } },
    ],
    ['no approval', { approval: undefined }],
    ['an approval that binds nothing', { approval: { status: 'approved' } }],
    ['a status nobody knows', { approval: { status: '\ud800', approvedHash: 'h', actualHash: 'h' } }],
  ])('denies %s', (_what, changes) => {
    expect(approvalBoundRule.check(soundReview('DELIVERY', changes))).toEqual(expect.any(String));
  });
});
