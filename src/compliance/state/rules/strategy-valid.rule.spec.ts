import { describe, expect, it } from 'vitest';
import { soundReview } from '../../../../test/harness/sound-review.js';
import { strategyValidRule } from './strategy-valid.rule.js';

describe('strategy.valid', () => {
  it.each([['a strategy of the right form', {}]])('passes %s', (_what, changes) => {
    expect(strategyValidRule.check(soundReview('GENERATION', changes))).toBeUndefined();
  });

  it.each([
    ['a strategy of another form', { strategy: { malformed: ['strategy_generator'] } }],
    ['a strategy nobody has looked at', { strategy: undefined }],
    ['a finding that is no list', { strategy: { malformed: '' } }],
  ])('denies %s', (_what, changes) => {
    expect(strategyValidRule.check(soundReview('GENERATION', changes))).toEqual(expect.any(String));
  });
});
