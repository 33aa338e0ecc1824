import { isTrue } from '../fact-forms.js';
import { PHASES } from '../phases.js';
import type { StateRule } from '../state-rule.js';

/** What cannot be recorded does not happen. */
export const auditRecordableRule: StateRule = {
  id: 'audit.recordable',
  tier: 'compliance',
  entering: [...PHASES, 'COMPLETED'],
  fills: ['BATCH_DISCOVERY: audit-trail gate'],
  holds: 'The audit records of the transition are built before it is made.',
  check({ recordable }) {
    return isTrue(recordable) ? undefined : 'the transition cannot be recorded';
  },
};
