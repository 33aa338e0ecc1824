import type { StateRule } from '../state-rule.js';

/** A phase is left only with everything it was there to make. */
export const phaseOutputsRule: StateRule = {
  id: 'phase.outputs',
  tier: 'basic',
  entering: ['STRATEGY_ANALYSIS', 'GENERATION', 'REVIEW', 'DELIVERY'],
  check({ outputs }) {
    if (!outputs) return 'it was not established what the phase has made';
    const missing = outputs.required.filter((agent) => !outputs.present.includes(agent));
    return missing.length > 0 ? `no output of ${missing.join(', ')}` : undefined;
  },
};
