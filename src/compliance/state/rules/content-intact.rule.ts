import { isCount } from '../fact-forms.js';
import { PHASES } from '../phases.js';
import type { StateRule } from '../state-rule.js';

/** Stored input, outputs and artefacts are what their hashes say: nobody has changed them past the program. */
export const contentIntactRule: StateRule = {
  id: 'content.intact',
  tier: 'compliance',
  entering: [...PHASES.slice(1), 'COMPLETED'],
  holds: 'Stored input, outputs and artefacts are what their hashes say.',
  check({ alteredContents }) {
    if (!isCount(alteredContents)) return 'it was not established whether stored texts are intact';
    return alteredContents === 0 ? undefined : `${alteredContents} stored texts are not what their hash says`;
  },
};
