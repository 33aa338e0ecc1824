import { describe, expect, it } from 'vitest';
import { soundReview } from '../../../../test/harness/sound-review.js';
import { classificationSettledRule } from './classification-settled.rule.js';

const SETTLED = { settled: 'confidential', before: 'internal', declared: 'public', found: 'confidential' };

describe('classification.settled', () => {
  it.each([
    ['a classification that has risen', SETTLED],
    ['one above all that it rests on', { ...SETTLED, settled: 'restricted' }],
  ])('passes %s', (_what, classification) => {
    expect(
      classificationSettledRule.check(soundReview('BATCH_DISCOVERY', { classification })),
    ).toBeUndefined();
  });

  it.each([
    ['a classification that falls', { ...SETTLED, before: 'restricted' }],
    ['one below what the definition asks for', { ...SETTLED, declared: 'restricted' }],
    ['one below what was found', { ...SETTLED, settled: 'internal' }],
    ['a word that is none', { ...SETTLED, settled: 'secret' }],
    ['one that rests on nothing known', { ...SETTLED, before: undefined }],
    ['data nobody has classified', undefined],
  ])('denies %s', (_what, classification) => {
    expect(classificationSettledRule.check(soundReview('BATCH_DISCOVERY', { classification }))).toBeTypeOf(
      'string',
    );
  });
});
