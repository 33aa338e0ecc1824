import { describe, expect, it } from 'vitest';
import { soundReview } from '../../../../test/harness/sound-review.js';
import { deliveryConfirmedRule } from './delivery-confirmed.rule.js';

describe('delivery.confirmed', () => {
  it.each([['outcomes that add up to what was approved', {}]])('passes %s', (_what, changes) => {
    expect(deliveryConfirmedRule.check(soundReview('COMPLETED', changes))).toBeUndefined();
  });

  it.each([
    [
      'an approved message nobody accounts for',
      { delivery: { total: 1, settled: 1, sent: 1, failed: 0, approved: 2 } },
    ],
    [
      'a message that nobody has approved',
      { delivery: { total: 3, settled: 3, sent: 3, failed: 0, approved: 2 } },
    ],
    ['deliveries nobody has confirmed', { delivery: undefined }],
  ])('denies %s', (_what, changes) => {
    expect(deliveryConfirmedRule.check(soundReview('COMPLETED', changes))).toEqual(expect.any(String));
  });
});
