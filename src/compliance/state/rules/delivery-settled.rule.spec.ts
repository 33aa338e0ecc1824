import { describe, expect, it } from 'vitest';
import { soundReview } from '../../../../test/harness/sound-review.js';
import { deliverySettledRule } from './delivery-settled.rule.js';

describe('delivery.settled', () => {
  it.each([['deliveries with known outcomes', {}]])('passes %s', (_what, changes) => {
    expect(deliverySettledRule.check(soundReview('COMPLETED', changes))).toBeUndefined();
  });

  it.each([
    [
      'a delivery without an outcome',
      { delivery: { total: 2, settled: 1, sent: 1, failed: 0, approved: 2 } },
    ],
    ['deliveries nobody has counted', { delivery: undefined }],
    ['counts that are texts', { delivery: { total: '2', settled: '2' } }],
  ])('denies %s', (_what, changes) => {
    expect(deliverySettledRule.check(soundReview('COMPLETED', changes))).toEqual(expect.any(String));
  });
});
