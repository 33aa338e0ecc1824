import { isNameList } from '../fact-forms.js';
import type { StateRule } from '../state-rule.js';

/** Content is written from a strategy only when the strategy has the form that its agents promise. */
export const strategyValidRule: StateRule = {
  id: 'strategy.valid',
  tier: 'compliance',
  entering: ['GENERATION'],
  fills: ['STRATEGY_ANALYSIS: strategy validation'],
  holds: 'Every output of STRATEGY_ANALYSIS has the form its agent promises.',
  check({ strategy }) {
    if (!isNameList(strategy?.malformed)) return 'the strategy was not looked at';
    const { malformed } = strategy;
    return malformed.length === 0 ? undefined : `not of the form it must have: ${malformed.join(', ')}`;
  },
};
