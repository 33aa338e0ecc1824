import { describe, expect, it } from 'vitest';
import { soundReview } from '../../../../test/harness/sound-review.js';
import { outputSanitisedRule } from './output-sanitised.rule.js';

describe('output.sanitised', () => {
  it.each([['plain text', {}]])('passes %s', (_what, changes) => {
    expect(outputSanitisedRule.check(soundReview('REVIEW', changes))).toBeUndefined();
  });

  it.each([
    ['a text that acts', { unsafeTexts: 1 }],
    ['output nobody has looked at', { unsafeTexts: undefined }],
    ['a count that is a text', { unsafeTexts: '0' }],
  ])('denies %s', (_what, changes) => {
    expect(outputSanitisedRule.check(soundReview('REVIEW', changes))).toEqual(expect.any(String));
  });
});
