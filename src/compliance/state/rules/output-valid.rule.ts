import { isCount } from '../fact-forms.js';
import type { StateRule } from '../state-rule.js';

/** Every recipient gets one whole message, and nobody else gets any. */
export const outputValidRule: StateRule = {
  id: 'output.valid',
  tier: 'compliance',
  entering: ['DELIVERY'],
  fills: ['DELIVERY: output validation'],
  holds:
    'There is one whole message for each recipient that was not given up on record, and none for anybody else.',
  check({ outgoing }) {
    if (outgoing === 'nothing') return undefined;
    if (!outgoing) return 'the messages were not looked at';
    const { expected, messages, malformed, strangers, repeated } = outgoing;
    if (![expected, messages, malformed, strangers, repeated].every(isCount))
      return 'the messages were not counted';
    if (malformed > 0) return `${malformed} messages are not whole`;
    if (strangers > 0) return `${strangers} messages are for nobody of the run`;
    if (repeated > 0) return `${repeated} recipients would get more than one message`;
    return messages === expected ? undefined : `${messages} messages for ${expected} recipients`;
  },
};
