import { isClassification, rankOf } from '../classification.js';
import type { StateRule } from '../state-rule.js';

/** How sensitive the data of a run is stands before anything is done with it, and never falls. */
export const classificationSettledRule: StateRule = {
  id: 'classification.settled',
  tier: 'compliance',
  entering: ['BATCH_DISCOVERY', 'STRATEGY_ANALYSIS', 'GENERATION', 'REVIEW', 'DELIVERY', 'COMPLETED'],
  fills: ['BATCH_DISCOVERY: data classification'],
  holds:
    'The run is classified by what was found in it, at least as its definition asks, and never lower than before.',
  check({ classification }) {
    if (!classification || !isClassification(classification.settled)) return 'the data was not classified';
    const settled = rankOf(classification.settled);
    const least = [classification.before, classification.declared, classification.found];
    if (!least.every(isClassification)) return 'what the classification rests on is not known';
    return least.every((each) => rankOf(each) <= settled) ? undefined : 'the classification would fall';
  },
};
