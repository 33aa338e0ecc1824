import { isCount } from '../fact-forms.js';
import type { StateRule } from '../state-rule.js';

/** A message holds only tokens of its own recipient, of the sender, and of what is meant for everybody. */
export const tokensAddressedRule: StateRule = {
  id: 'tokens.addressed',
  tier: 'compliance',
  entering: ['REVIEW', 'DELIVERY'],
  fills: ['DELIVERY: privacy check'],
  holds:
    'A message holds only tokens of its own recipient, of the sender, and of what is meant for everybody.',
  check({ misaddressed }) {
    if (!isCount(misaddressed)) return 'it was not established whom the tokens belong to';
    return misaddressed === 0 ? undefined : `${misaddressed} messages hold tokens of somebody else`;
  },
};
