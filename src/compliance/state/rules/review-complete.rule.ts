import { isCount } from '../fact-forms.js';
import type { StateRule } from '../state-rule.js';

/** The review was what its terms ask for: enough different people, in time, and nobody approved their own run. */
export const reviewCompleteRule: StateRule = {
  id: 'review.complete',
  tier: 'compliance',
  entering: ['DELIVERY'],
  fills: ['REVIEW: compliance review'],
  holds:
    'As many different people as the terms ask for have approved exactly this, in time and under four eyes.',
  check({ oversight }) {
    if (oversight === 'not_needed') return undefined;
    if (!oversight || ![oversight.required, oversight.approvals, oversight.invalid].every(isCount))
      return 'it was not established who has approved';
    const { required, approvals, invalid } = oversight;
    if (invalid > 0) return `${invalid} approvals were late or by the requester`;
    return approvals >= required ? undefined : `${approvals} of ${required} people have approved this`;
  },
};
