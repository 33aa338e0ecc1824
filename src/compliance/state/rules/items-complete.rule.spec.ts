import { describe, expect, it } from 'vitest';
import { soundReview } from '../../../../test/harness/sound-review.js';
import { itemsCompleteRule } from './items-complete.rule.js';

describe('items.complete', () => {
  it.each([
    ['every item made', {}],
    ['an item given up on record', { items: { expected: 3, made: 2, failed: 1 } }],
  ])('passes %s', (_what, changes) => {
    expect(itemsCompleteRule.check(soundReview('REVIEW', changes))).toBeUndefined();
  });

  it.each([
    ['an item that is silently missing', { items: { expected: 3, made: 2 } }],
    ['a list of nothing but failures', { items: { expected: 2, made: 0, failed: 2 } }],
    ['counts that are texts', { items: { expected: '2', made: '2' } }],
  ])('denies %s', (_what, changes) => {
    expect(itemsCompleteRule.check(soundReview('REVIEW', changes))).toEqual(expect.any(String));
  });
});
