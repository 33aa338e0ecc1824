import { isCount } from '../fact-forms.js';
import { PHASES } from '../phases.js';
import type { StateRule } from '../state-rule.js';

/** What is stored, logged and shown to models holds tokens in place of personal data. */
export const piiTokenizedRule: StateRule = {
  id: 'pii.tokenized',
  tier: 'compliance',
  entering: [...PHASES, 'COMPLETED'],
  fills: ['BATCH_DISCOVERY: PII detection', 'DELIVERY: privacy check'],
  holds: 'Tokens stand in place of personal data in what is stored, logged and shown to models.',
  check({ residualFindings }) {
    if (!isCount(residualFindings)) return 'the state was not scanned for personal data';
    return residualFindings === 0
      ? undefined
      : `${residualFindings} findings of personal data outside tokens`;
  },
};
