import { describe, expect, it } from 'vitest';
import { soundReview } from '../../../../test/harness/sound-review.js';
import { contentIntactRule } from './content-intact.rule.js';

describe('content.intact', () => {
  it.each([['texts that are what their hashes say', {}]])('passes %s', (_what, changes) => {
    expect(contentIntactRule.check(soundReview('REVIEW', changes))).toBeUndefined();
  });

  it.each([
    ['a text that was changed', { alteredContents: 1 }],
    ['texts nobody has looked at', { alteredContents: undefined }],
  ])('denies %s', (_what, changes) => {
    expect(contentIntactRule.check(soundReview('REVIEW', changes))).toEqual(expect.any(String));
  });
});
