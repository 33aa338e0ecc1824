import { describe, expect, it } from 'vitest';
import { soundReview } from '../../../../test/harness/sound-review.js';
import { policyPermittedRule } from './policy-permitted.rule.js';

describe('policy.permitted', () => {
  it('passes what a policy permits', () => {
    expect(policyPermittedRule.check(soundReview('GENERATION'))).toBeUndefined();
  });

  it.each([
    ['what a policy forbids', { result: 'deny', policies: ['countersign.recipients-limit'] }],
    ['what no policy permits', { result: 'deny', policies: [] }],
    ['what could not be decided', { result: 'failure', policies: [] }],
    ['what only looks like a permission', { result: 'ALLOW', policies: [] }],
    ['what nobody was asked about', undefined],
  ])('denies %s', (_what, policy) => {
    expect(policyPermittedRule.check(soundReview('GENERATION', { policy }))).toBeTypeOf('string');
  });

  it('names the policy that forbids', () => {
    const policy = { result: 'deny', policies: ['countersign.recipients-limit'] };
    expect(policyPermittedRule.check(soundReview('DELIVERY', { policy }))).toBe(
      'forbidden by policy countersign.recipients-limit',
    );
  });
});
