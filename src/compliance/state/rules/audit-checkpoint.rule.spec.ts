import { describe, expect, it } from 'vitest';
import { soundReview } from '../../../../test/harness/sound-review.js';
import { auditCheckpointRule } from './audit-checkpoint.rule.js';

describe('audit.checkpoint', () => {
  it.each([['a chain that is complete and unbroken', {}]])('passes %s', (_what, changes) => {
    expect(auditCheckpointRule.check(soundReview('DELIVERY', changes))).toBeUndefined();
  });

  it.each([
    ['an event that is gone', { auditChain: { expected: 7, stored: 6, unbroken: true } }],
    ['an event that was put in', { auditChain: { expected: 7, stored: 8, unbroken: true } }],
    ['a broken chain', { auditChain: { expected: 7, stored: 7, unbroken: false } }],
    ['a trail nobody has read', { auditChain: undefined }],
  ])('denies %s', (_what, changes) => {
    expect(auditCheckpointRule.check(soundReview('DELIVERY', changes))).toEqual(expect.any(String));
  });
});
