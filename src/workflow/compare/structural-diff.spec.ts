import { describe, expect, it } from 'vitest';
import { SeededRandom } from '../../../test/harness/random.js';
import { DiffBudget, type DiffLine, diffLines } from './line-diff.js';
import { diffValues } from './structural-diff.js';

const text = (lines: readonly DiffLine[], without: DiffLine['op']) =>
  lines
    .filter(({ op }) => op !== without)
    .map((line) => line.text)
    .join('\n');

describe('differences of two JSON values', () => {
  it('are named by path and kind', () => {
    const left = { emails: [{ to: 'a', subject: 'One' }, { to: 'b' }], channel: 'outbox', url: null };
    const right = { emails: [{ to: 'a', subject: 'Two' }], channel: 'outbox', url: { a: 1 }, more: [] };
    expect(diffValues(left, right)).toEqual({
      differences: [
        { path: 'emails.0.subject', kind: 'changed', left: 'One', right: 'Two' },
        { path: 'emails.1', kind: 'removed', left: { to: 'b' } },
        { path: 'url', kind: 'changed', left: null, right: { a: 1 } },
        { path: 'more', kind: 'added', right: [] },
      ],
      truncated: false,
    });
  });

  it('are none between equal values, and the whole where the kinds differ', () => {
    expect(diffValues({ a: [1, { b: null }] }, { a: [1, { b: null }] }).differences).toEqual([]);
    expect(diffValues([1], { 0: 1 }).differences).toEqual([
      { path: '', kind: 'changed', left: [1], right: { 0: 1 } },
    ]);
    expect(diffValues({}, { constructor: 1 }).differences).toEqual([
      { path: 'constructor', kind: 'added', right: 1 },
    ]);
  });

  it('are cut off at 500, and say so', () => {
    const values = (add: number) => Array.from({ length: 501 }, (_, index) => index + add);
    expect(diffValues(values(0), values(0.5))).toMatchObject({ truncated: true });
    expect(diffValues(values(0), values(0.5)).differences).toHaveLength(500);
    expect(diffValues(values(0).slice(1), values(0.5).slice(1)).truncated).toBe(false);
  });
});

describe('differences of two texts', () => {
  it('are given by line', () => {
    expect(diffValues('Dear all,\n\nOld\n\nBye', 'Dear all,\n\nNew\n\nBye').differences).toEqual([
      {
        path: '',
        kind: 'changed',
        lines: [
          { op: 'same', text: 'Dear all,' },
          { op: 'same', text: '' },
          { op: 'removed', text: 'Old' },
          { op: 'added', text: 'New' },
          { op: 'same', text: '' },
          { op: 'same', text: 'Bye' },
        ],
      },
    ]);
  });

  it('give both texts again, with no line removed that could have stayed', () => {
    const random = new SeededRandom(11);
    const draw = () =>
      Array.from({ length: random.between(0, 9) }, () => random.pick(['a', 'b', 'c'])).join('\n');
    for (let round = 0; round < 500; round++) {
      const [left, right] = [draw(), draw()];
      const lines = diffLines(left, right, new DiffBudget(1_000));
      expect(text(lines, 'added')).toBe(left);
      expect(text(lines, 'removed')).toBe(right);
      expect(lines.filter(({ op }) => op === 'same')).toHaveLength(
        longestCommon(left.split('\n'), right.split('\n')),
      );
    }
  });

  it('beyond what they may cost are shown as replaced between what both have at their ends', () => {
    const lines = diffLines('x\n1\n2\ny', 'x\n2\n1\ny', new DiffBudget(3));
    expect(lines.map(({ op, text: line }) => `${op} ${line}`)).toEqual([
      'same x',
      'removed 1',
      'removed 2',
      'added 2',
      'added 1',
      'same y',
    ]);
  });
});

/** By its definition, without a table. */
function longestCommon([first, ...left]: readonly string[], right: readonly string[]): number {
  if (first === undefined) return 0;
  const at = right.indexOf(first);
  const skipped = longestCommon(left, right);
  return at < 0 ? skipped : Math.max(skipped, 1 + longestCommon(left, right.slice(at + 1)));
}
