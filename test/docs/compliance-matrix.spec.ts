import { describe, expect, it } from 'vitest';
import { findRuleTests } from '../../scripts/rule-tests.mjs';
import { allCells, guards, phaseOf } from '../../src/compliance/state/matrix.js';
import { ALL_RULES } from '../../src/compliance/state/state-validator.js';

describe('the compliance matrix', () => {
  it.each(allCells())('has a rule for %s', (cell) => {
    expect(ALL_RULES.filter(({ fills }) => fills?.includes(cell))).not.toEqual([]);
  });

  it('is filled only by rules that are asked in the phase of the cell', () => {
    for (const rule of ALL_RULES) {
      for (const cell of rule.fills ?? [])
        expect(guards(rule, phaseOf(cell)), `${rule.id}: ${cell}`).toBe(true);
    }
  });

  it('has a test of its own for every rule, and no test of a rule that is not asked', () => {
    expect(Object.keys(findRuleTests()).toSorted()).toEqual(ALL_RULES.map(({ id }) => id).toSorted());
  });

  it('knows each rule once', () => {
    expect(new Set(ALL_RULES.map(({ id }) => id)).size).toBe(ALL_RULES.length);
  });
});
