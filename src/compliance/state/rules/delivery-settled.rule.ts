import { isCount } from '../fact-forms.js';
import type { StateRule } from '../state-rule.js';

/** A run completes when the outcome of every delivery is known. */
export const deliverySettledRule: StateRule = {
  id: 'delivery.settled',
  tier: 'compliance',
  entering: ['COMPLETED'],
  holds: 'The outcome of every delivery is known.',
  check({ delivery }) {
    if (!isCount(delivery?.total) || !isCount(delivery.settled))
      return 'it was not established what became of the deliveries';
    return delivery.settled === delivery.total
      ? undefined
      : `${delivery.total - delivery.settled} deliveries have no known outcome`;
  },
};
