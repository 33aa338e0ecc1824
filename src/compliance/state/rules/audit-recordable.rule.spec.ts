import { describe, expect, it } from 'vitest';
import { soundReview } from '../../../../test/harness/sound-review.js';
import { auditRecordableRule } from './audit-recordable.rule.js';

describe('audit.recordable', () => {
  it.each([['what can be recorded', {}]])('passes %s', (_what, changes) => {
    expect(auditRecordableRule.check(soundReview('BATCH_DISCOVERY', changes))).toBeUndefined();
  });

  it.each([
    ['what cannot be recorded', { recordable: false }],
    ['what nobody has tried to record', { recordable: undefined }],
    ['a word for it', { recordable: 'true' }],
  ])('denies %s', (_what, changes) => {
    expect(auditRecordableRule.check(soundReview('BATCH_DISCOVERY', changes))).toEqual(expect.any(String));
  });
});
