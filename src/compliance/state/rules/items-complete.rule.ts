import type { StateRule } from '../state-rule.js';

/** What goes to review covers every item: no recipient is silently left out. */
export const itemsCompleteRule: StateRule = {
  id: 'items.complete',
  tier: 'basic',
  entering: ['REVIEW'],
  check({ items }) {
    if (!items) return 'it was not established how many items were made';
    return items.made === items.expected ? undefined : `${items.made} of ${items.expected} items were made`;
  },
};
