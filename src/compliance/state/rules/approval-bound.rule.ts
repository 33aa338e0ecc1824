import type { StateRule } from '../state-rule.js';

/** What is delivered is exactly what was approved: artefact, action and recipients. */
export const approvalBoundRule: StateRule = {
  id: 'approval.bound',
  tier: 'compliance',
  entering: ['DELIVERY', 'COMPLETED'],
  check({ approval }) {
    if (approval === 'not_needed') return undefined;
    if (!approval) return 'nobody has approved';
    if (approval.status !== 'approved') return `the approval is ${approval.status}`;
    return approval.approvedHash === approval.actualHash
      ? undefined
      : 'what would be delivered is not what was approved';
  },
};
