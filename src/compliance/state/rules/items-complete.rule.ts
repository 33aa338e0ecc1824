import { isCount } from '../fact-forms.js';
import type { StateRule } from '../state-rule.js';

/** What goes to review covers every item but those that were given up on record: no recipient is silently left out. */
export const itemsCompleteRule: StateRule = {
  id: 'items.complete',
  tier: 'basic',
  entering: ['REVIEW'],
  holds: 'Every item was made, or given up on record: no recipient is silently left out.',
  check({ items }) {
    if (!items || ![items.expected, items.made, items.failed ?? 0].every(isCount))
      return 'it was not established how many items were made';
    const { expected, made, failed = 0 } = items;
    if (failed > 0 && made === 0) return `none of ${expected} items was made`;
    return made + failed === expected ? undefined : `${made} of ${expected} items were made`;
  },
};
