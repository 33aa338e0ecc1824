import { isName } from '../fact-forms.js';
import type { StateRule } from '../state-rule.js';

/** What is delivered is exactly what was approved: artefact, action and recipients. */
export const approvalBoundRule: StateRule = {
  id: 'approval.bound',
  tier: 'compliance',
  entering: ['DELIVERY', 'COMPLETED'],
  fills: ['REVIEW: human approval'],
  holds: 'What is delivered is exactly what was approved: artefact, action and recipients.',
  check({ approval }) {
    if (approval === 'not_needed') return undefined;
    if (!approval) return 'nobody has approved';
    if (approval.status !== 'approved')
      return `the approval is ${KNOWN.has(approval.status) ? approval.status : 'of no known status'}`;
    if (!isName(approval.approvedHash)) return 'the approval binds nothing';
    return approval.approvedHash === approval.actualHash
      ? undefined
      : 'what would be delivered is not what was approved';
  },
};

const KNOWN: ReadonlySet<unknown> = new Set([
  'pending',
  'rejected',
  'changes_requested',
  'cancelled',
  'expired',
]);
