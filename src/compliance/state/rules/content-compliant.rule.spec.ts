import { describe, expect, it } from 'vitest';
import { soundReview } from '../../../../test/harness/sound-review.js';
import { contentCompliantRule } from './content-compliant.rule.js';

describe('content.compliant', () => {
  it.each([['finished drafts', {}]])('passes %s', (_what, changes) => {
    expect(contentCompliantRule.check(soundReview('REVIEW', changes))).toBeUndefined();
  });

  it.each([
    ['a place left to be filled in', { drafts: { placeholders: 1, againstBrief: 0, incomplete: 0 } }],
    ['a draft against the brief', { drafts: { placeholders: 0, againstBrief: 1, incomplete: 0 } }],
    [
      'a draft without the text that must be there',
      { drafts: { placeholders: 0, againstBrief: 0, incomplete: 2 } },
    ],
    ['drafts nobody has looked at', { drafts: undefined }],
  ])('denies %s', (_what, changes) => {
    expect(contentCompliantRule.check(soundReview('REVIEW', changes))).toEqual(expect.any(String));
  });
});
