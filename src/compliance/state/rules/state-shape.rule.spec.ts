import { describe, expect, it } from 'vitest';
import { soundReview } from '../../../../test/harness/sound-review.js';
import { stateShapeRule } from './state-shape.rule.js';

describe('state.shape', () => {
  it.each([['a run as the engine writes it', {}]])('passes %s', (_what, changes) => {
    expect(stateShapeRule.check(soundReview('GENERATION', changes))).toBeUndefined();
  });

  it.each([
    ['a phase nobody knows', { from: 'NOWHERE' }],
    ['a status nobody knows', { run: { status: 'DREAMING', version: 1, context: {} } }],
    ['a version that is no count', { run: { status: 'RUNNING', version: '1', context: {} } }],
    ['a context that is a list', { run: { status: 'RUNNING', version: 1, context: [] } }],
    ['a run that is not there', { run: undefined }],
  ])('denies %s', (_what, changes) => {
    expect(stateShapeRule.check(soundReview('GENERATION', changes))).toEqual(expect.any(String));
  });
});
