import { isNameList } from '../fact-forms.js';
import type { StateRule } from '../state-rule.js';

/** A phase is left only with everything it was there to make. */
export const phaseOutputsRule: StateRule = {
  id: 'phase.outputs',
  tier: 'basic',
  entering: ['STRATEGY_ANALYSIS', 'GENERATION', 'REVIEW', 'DELIVERY'],
  holds: 'The phase that is left has every output it was there to make.',
  check({ outputs }) {
    if (!isNameList(outputs?.required) || !isNameList(outputs?.present))
      return 'it was not established what the phase has made';
    const { required, present } = outputs;
    const missing = required.filter((agent) => !present.includes(agent));
    return missing.length > 0 ? `no output of ${missing.join(', ')}` : undefined;
  },
};
