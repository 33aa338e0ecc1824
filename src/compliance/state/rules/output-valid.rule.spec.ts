import { describe, expect, it } from 'vitest';
import { soundReview } from '../../../../test/harness/sound-review.js';
import { outputValidRule } from './output-valid.rule.js';

describe('output.valid', () => {
  it.each([
    ['one message for each recipient', {}],
    ['a run that sends nothing', { outgoing: 'nothing' }],
  ])('passes %s', (_what, changes) => {
    expect(outputValidRule.check(soundReview('DELIVERY', changes))).toBeUndefined();
  });

  it.each([
    [
      'a message that is not whole',
      { outgoing: { expected: 2, messages: 2, malformed: 1, strangers: 0, repeated: 0 } },
    ],
    [
      'a message for a stranger',
      { outgoing: { expected: 2, messages: 2, malformed: 0, strangers: 1, repeated: 0 } },
    ],
    [
      'two messages for one recipient',
      { outgoing: { expected: 2, messages: 2, malformed: 0, strangers: 0, repeated: 1 } },
    ],
    [
      'a recipient without a message',
      { outgoing: { expected: 2, messages: 1, malformed: 0, strangers: 0, repeated: 0 } },
    ],
    ['messages nobody has looked at', { outgoing: undefined }],
  ])('denies %s', (_what, changes) => {
    expect(outputValidRule.check(soundReview('DELIVERY', changes))).toEqual(expect.any(String));
  });
});
