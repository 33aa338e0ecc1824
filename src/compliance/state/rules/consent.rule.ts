import { isTrue } from '../fact-forms.js';
import type { StateRule } from '../state-rule.js';

/** Personal data is used for a purpose only while a granted consent covers every subject (GDPR Art. 6). */
export const consentRule: StateRule = {
  id: 'gdpr.consent',
  tier: 'compliance',
  entering: ['INITIALIZATION', 'BATCH_DISCOVERY', 'DELIVERY'],
  fills: ['INITIALIZATION: GDPR consent gate'],
  holds: 'A granted consent covers every recipient for the purpose of the definition.',
  check({ consent }) {
    if (!consent) return 'consent was not established';
    if (isTrue(consent.covered)) return undefined;
    return `no granted consent for the purpose "${consent.purpose}" covers ${consent.missing} of the recipients`;
  },
};
