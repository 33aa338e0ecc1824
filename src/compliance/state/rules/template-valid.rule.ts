import { isCount } from '../fact-forms.js';
import type { StateRule } from '../state-rule.js';

/** Every variable of the artefact's templates was filled, and every token in it is one of the run's own. */
export const templateValidRule: StateRule = {
  id: 'template.valid',
  tier: 'compliance',
  entering: ['REVIEW', 'DELIVERY'],
  fills: ['GENERATION: template validation'],
  holds: 'The artefact holds no unresolved template variable and no token that the run has not given out.',
  check({ templates }) {
    if (!templates || !isCount(templates.unresolved) || !isCount(templates.unknownTokens))
      return 'the templates were not looked at';
    const { unresolved, unknownTokens } = templates;
    if (unresolved > 0) return `${unresolved} template variables were not resolved`;
    return unknownTokens === 0 ? undefined : `${unknownTokens} tokens are unknown to the run`;
  },
};
