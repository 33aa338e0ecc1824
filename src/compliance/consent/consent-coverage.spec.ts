import { describe, expect, it } from 'vitest';
import { type ConsentState, decideCoverage } from './consent-coverage.js';

const state = (id: string, subjectRef: string, granted: boolean, lawfulBasis = 'consent'): ConsentState => ({
  id,
  subjectRef,
  granted,
  lawfulBasis,
});

describe('decideCoverage', () => {
  it('covers nobody of whom nothing is known', () => {
    expect(decideCoverage([], ['a', 'b'])).toEqual({ covered: false, missing: 2 });
  });

  it('covers everybody by a grant for *', () => {
    expect(decideCoverage([state('1', '*', true, 'contract')], ['a', 'b'])).toEqual({
      covered: true,
      missing: 0,
      basis: 'contract',
    });
  });

  it('counts those without a consent of their own', () => {
    expect(decideCoverage([state('1', 'a', true)], ['a', 'b', 'c'])).toEqual({ covered: false, missing: 2 });
  });

  it("lets a subject's own withdrawal stand against *, whichever came first", () => {
    for (const [own, everybody] of [
      ['1', '2'],
      ['2', '1'],
    ] as const) {
      const states = [state(own, 'a', false), state(everybody, '*', true)];
      expect(decideCoverage(states, ['a', 'b'])).toEqual({ covered: false, missing: 1 });
    }
  });

  it('ends earlier grants by a withdrawal for *', () => {
    const states = [state('1', 'a', true), state('2', '*', false), state('3', 'b', true)];
    expect(decideCoverage(states, ['a']).covered).toBe(false);
    expect(decideCoverage(states, ['b']).covered).toBe(true);
  });

  it('names every basis that was relied on, once', () => {
    const states = [state('1', 'a', true, 'contract'), state('2', '*', true, 'consent')];
    expect(decideCoverage(states, ['a', 'b', 'c']).basis).toBe('consent,contract');
  });
});
