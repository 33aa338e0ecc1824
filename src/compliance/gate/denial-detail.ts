import type { Violation } from '../state/state-rule.js';

/** What the record of a denial says of its violations: every rule, and the tier that they are of. */
export function denialDetail(violations: readonly Violation[]): {
  readonly tier: string;
  readonly violations: string;
} {
  return {
    tier: violations[0]?.tier ?? 'basic',
    violations: [...new Set(violations.map(({ rule }) => rule))].join(' '),
  };
}
