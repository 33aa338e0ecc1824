import { describe, expect, it } from 'vitest';
import { soundReview } from '../../../../test/harness/sound-review.js';
import { templateValidRule } from './template-valid.rule.js';

describe('template.valid', () => {
  it.each([['an artefact with everything filled in', {}]])('passes %s', (_what, changes) => {
    expect(templateValidRule.check(soundReview('REVIEW', changes))).toBeUndefined();
  });

  it.each([
    ['an unresolved variable', { templates: { unresolved: 1, unknownTokens: 0 } }],
    ['a token that nobody has given out', { templates: { unresolved: 0, unknownTokens: 1 } }],
    ['templates nobody has looked at', { templates: undefined }],
  ])('denies %s', (_what, changes) => {
    expect(templateValidRule.check(soundReview('REVIEW', changes))).toEqual(expect.any(String));
  });
});
