import { isCount } from '../fact-forms.js';
import type { StateRule } from '../state-rule.js';

/** Drafts are finished, keep to the brief where that can be checked, and say what the definition demands. */
export const contentCompliantRule: StateRule = {
  id: 'content.compliant',
  tier: 'compliance',
  entering: ['REVIEW', 'DELIVERY'],
  fills: ['GENERATION: content compliance'],
  holds:
    'Drafts have no places left to fill in, nothing that the brief rules out, and every text that the definition demands.',
  check({ drafts }) {
    if (!drafts || ![drafts.placeholders, drafts.againstBrief, drafts.incomplete].every(isCount))
      return 'the drafts were not looked at';
    const faults = [
      drafts.placeholders > 0 && `${drafts.placeholders} with places left to be filled in`,
      drafts.againstBrief > 0 && `${drafts.againstBrief} against the constraints of the brief`,
      drafts.incomplete > 0 && `${drafts.incomplete} without a text that the definition demands`,
    ].filter((fault) => fault !== false);
    return faults.length === 0 ? undefined : `drafts: ${faults.join(', ')}`;
  },
};
