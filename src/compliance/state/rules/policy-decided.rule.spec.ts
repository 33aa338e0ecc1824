import { describe, expect, it } from 'vitest';
import { soundReview } from '../../../../test/harness/sound-review.js';
import { policyDecidedRule } from './policy-decided.rule.js';

describe('policy.decided', () => {
  it.each([
    ['a permission', { result: 'allow', policies: ['a'] }],
    ['a refusal, which is an answer too', { result: 'deny', policies: [] }],
  ])('passes %s', (_what, policy) => {
    expect(policyDecidedRule.check(soundReview('GENERATION', { policy }))).toBeUndefined();
  });

  it.each([
    ['policies nobody has asked', undefined],
    ['a policy that could not be evaluated', { result: 'failure', policies: ['a'] }],
    ['an answer of another kind', { result: true, policies: [] }],
    ['no answer', {}],
  ])('denies %s', (_what, policy) => {
    expect(policyDecidedRule.check(soundReview('GENERATION', { policy }))).toBeTypeOf('string');
  });

  it('names the policies that could not be evaluated', () => {
    const policy = { result: 'failure', policies: ['a', 'b'] };
    expect(policyDecidedRule.check(soundReview('REVIEW', { policy }))).toContain('a, b');
  });
});
