import type { StateRule } from '../state-rule.js';

/** A run completes when the outcome of every delivery is known. */
export const deliverySettledRule: StateRule = {
  id: 'delivery.settled',
  tier: 'compliance',
  entering: ['COMPLETED'],
  check({ delivery }) {
    if (!delivery) return 'it was not established what became of the deliveries';
    return delivery.settled === delivery.total
      ? undefined
      : `${delivery.total - delivery.settled} deliveries have no known outcome`;
  },
};
