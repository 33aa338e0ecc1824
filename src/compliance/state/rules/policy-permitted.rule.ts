import { PHASES } from '../phases.js';
import type { StateRule } from '../state-rule.js';

/** A policy permits the transition and none forbids it. */
export const policyPermittedRule: StateRule = {
  id: 'policy.permitted',
  tier: 'enterprise',
  entering: [...PHASES, 'COMPLETED'],
  fills: ['STRATEGY_ANALYSIS: enterprise rule engine'],
  holds: 'A policy permits the transition, and no policy forbids it.',
  check({ policy }) {
    if (policy?.result === 'allow') return undefined;
    if (policy?.result !== 'deny') return 'no policy permits it';
    const [first] = policy.policies;
    return first === undefined ? 'no policy permits it' : `forbidden by policy ${policy.policies.join(', ')}`;
  },
};
