import { describe, expect, it } from 'vitest';
import { resolveOverlaps } from './overlaps.js';

const finding = (start: number, end: number, score: number) => ({ entity: 'X', start, end, score });

describe('resolveOverlaps', () => {
  it('keeps the surer, then the longer of two', () => {
    expect(resolveOverlaps([finding(0, 5, 0.5), finding(3, 8, 0.9)])).toEqual([finding(3, 8, 0.9)]);
    expect(resolveOverlaps([finding(0, 5, 0.5), finding(0, 8, 0.5)])).toEqual([finding(0, 8, 0.5)]);
  });

  it('gives back the place of a loser to whom the winner does not touch', () => {
    const chain = [finding(0, 10, 0.5), finding(8, 20, 0.6), finding(15, 25, 0.9)];
    expect(resolveOverlaps(chain)).toEqual([finding(0, 10, 0.5), finding(15, 25, 0.9)]);
  });

  it('keeps neighbours, in text order', () => {
    expect(resolveOverlaps([finding(5, 9, 1), finding(0, 5, 0.1)])).toEqual([
      finding(0, 5, 0.1),
      finding(5, 9, 1),
    ]);
  });

  it('never returns two that overlap, whatever it is given', () => {
    let state = 7;
    const next = (below: number) => (state = (state * 48_271) % 2_147_483_647) % below;
    for (let round = 0; round < 300; round++) {
      const findings = Array.from({ length: next(30) }, () => {
        const start = next(60);
        return finding(start, start + 1 + next(15), next(10) / 10);
      });
      const winners = resolveOverlaps(findings);
      winners
        .slice(1)
        .forEach((winner, index) => expect(winner.start).toBeGreaterThanOrEqual(winners[index]?.end ?? 0));
      const isTouched = (one: { start: number; end: number }) =>
        winners.some((winner) => winner.start < one.end && one.start < winner.end);
      for (const one of findings) expect(isTouched(one)).toBe(true);
    }
  });
});
