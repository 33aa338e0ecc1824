import { isCount } from '../fact-forms.js';
import type { StateRule } from '../state-rule.js';

/** What is shown and sent is text alone: nothing in it acts, hides, or breaks out of its place. */
export const outputSanitisedRule: StateRule = {
  id: 'output.sanitised',
  tier: 'compliance',
  entering: ['REVIEW', 'DELIVERY'],
  fills: ['GENERATION: output sanitisation'],
  holds:
    'No text of the artefact holds active markup, control characters, a line break in a header, or a change of writing direction.',
  check({ unsafeTexts }) {
    if (!isCount(unsafeTexts)) return 'the output was not looked at';
    return unsafeTexts === 0 ? undefined : `${unsafeTexts} texts hold active or hidden content`;
  },
};
