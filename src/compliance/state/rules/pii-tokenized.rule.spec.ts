import { describe, expect, it } from 'vitest';
import { soundReview } from '../../../../test/harness/sound-review.js';
import { piiTokenizedRule } from './pii-tokenized.rule.js';

describe('pii.tokenized', () => {
  it.each([['tokens in place of personal data', {}]])('passes %s', (_what, changes) => {
    expect(piiTokenizedRule.check(soundReview('BATCH_DISCOVERY', changes))).toBeUndefined();
  });

  it.each([
    ['personal data outside tokens', { residualFindings: 1 }],
    ['a state nobody has scanned', { residualFindings: undefined }],
    ['a count that is no number', { residualFindings: Number.NaN }],
  ])('denies %s', (_what, changes) => {
    expect(piiTokenizedRule.check(soundReview('BATCH_DISCOVERY', changes))).toEqual(expect.any(String));
  });
});
