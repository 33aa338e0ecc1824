import { describe, expect, it } from 'vitest';
import { soundReview } from '../../../../test/harness/sound-review.js';
import { phaseOutputsRule } from './phase-outputs.rule.js';

describe('phase.outputs', () => {
  it.each([
    ['a phase with all its outputs', {}],
    ['a phase that makes nothing', { outputs: { required: [], present: [] } }],
  ])('passes %s', (_what, changes) => {
    expect(phaseOutputsRule.check(soundReview('GENERATION', changes))).toBeUndefined();
  });

  it.each([
    ['a missing output', { outputs: { required: ['a', 'b'], present: ['a'] } }],
    ['names that are one text', { outputs: { required: ['a'], present: 'a' } }],
    ['outputs nobody has looked at', { outputs: undefined }],
  ])('denies %s', (_what, changes) => {
    expect(phaseOutputsRule.check(soundReview('GENERATION', changes))).toEqual(expect.any(String));
  });
});
