import { describe, expect, it } from 'vitest';
import { soundReview } from '../../../../test/harness/sound-review.js';
import { stateOrderRule } from './state-order.rule.js';

describe('state.order', () => {
  it.each([
    ['the next phase', {}],
    ['a reviewer’s way back', { from: 'REVIEW' }],
  ])('passes %s', (_what, changes) => {
    expect(stateOrderRule.check(soundReview('GENERATION', changes))).toBeUndefined();
  });

  it.each([
    ['a skipped phase', { from: 'INITIALIZATION' }],
    ['a start in the middle', { from: null }],
    ['a run that has ended', { run: { status: 'CANCELLED', version: 1, context: {} } }],
  ])('denies %s', (_what, changes) => {
    expect(stateOrderRule.check(soundReview('GENERATION', changes))).toEqual(expect.any(String));
  });
});
