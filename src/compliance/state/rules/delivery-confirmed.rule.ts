import { isCount } from '../fact-forms.js';
import type { StateRule } from '../state-rule.js';

/** A run completes when each message that was approved is accounted for as sent or failed. */
export const deliveryConfirmedRule: StateRule = {
  id: 'delivery.confirmed',
  tier: 'compliance',
  entering: ['COMPLETED'],
  fills: ['DELIVERY: delivery confirmation'],
  holds: 'Sent and failed deliveries add up to the messages that were approved.',
  check({ delivery }) {
    if (!delivery || ![delivery.sent, delivery.failed, delivery.approved].every(isCount))
      return 'nobody has confirmed the deliveries';
    const { sent, failed, approved } = delivery;
    return sent + failed === approved
      ? undefined
      : `${sent + failed} of ${approved} approved messages are accounted for`;
  },
};
