import { isCount, isTrue } from '../fact-forms.js';
import type { StateRule } from '../state-rule.js';

/** A run goes before people, goes out and ends only with every record of what it did, each linked to the one before. */
export const auditCheckpointRule: StateRule = {
  id: 'audit.checkpoint',
  tier: 'compliance',
  entering: ['REVIEW', 'DELIVERY', 'COMPLETED'],
  fills: ['REVIEW: final audit checkpoint'],
  holds: 'The run’s own chain of audit events is complete and unbroken up to here.',
  check({ auditChain }) {
    if (!auditChain || !isCount(auditChain.expected) || !isCount(auditChain.stored))
      return 'the audit trail of the run was not read';
    const { expected, stored, unbroken } = auditChain;
    if (stored !== expected) return `${stored} of ${expected} audit events of the run are there`;
    return isTrue(unbroken) ? undefined : 'the audit events of the run do not follow from each other';
  },
};
