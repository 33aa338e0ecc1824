import { PHASES } from '../phases.js';
import type { StateRule } from '../state-rule.js';

/** The policies of the tenant have been asked, and every one of them could be evaluated. */
export const policyDecidedRule: StateRule = {
  id: 'policy.decided',
  tier: 'enterprise',
  entering: [...PHASES, 'COMPLETED'],
  fills: ['STRATEGY_ANALYSIS: policy check'],
  holds: 'The policies that hold for the run were asked, and each of them could be evaluated.',
  check({ policy }) {
    if (!policy) return 'the policies were not asked';
    if (policy.result === 'allow' || policy.result === 'deny') return undefined;
    return `the policies could not be evaluated${namesOf(policy.policies)}`;
  },
};

function namesOf(policies: unknown): string {
  return Array.isArray(policies) && policies.length > 0 ? `: ${policies.join(', ')}` : '';
}
