import type { Finding } from './finding.js';
import type { Recognizer } from './recognizer.js';

const ADDRESS =
  /(?<![\w:.-])(?:[0-9a-f]{2}([:-])(?:[0-9a-f]{2}\1){4}[0-9a-f]{2}|[0-9a-f]{4}\.[0-9a-f]{4}\.[0-9a-f]{4})(?![\w]|[:.-][0-9a-f])/gi;

/** What every address has inside; text without it is passed over at once. */
const INSIDE = /[:.-][0-9a-fA-F]{2,4}[:.-]/;

/** Hardware addresses of network interfaces, with colons, dashes or in Cisco's dotted form. */
export const macAddressRecognizer: Recognizer = {
  entity: 'MAC_ADDRESS',
  threshold: 0.5,
  find(text) {
    if (!INSIDE.test(text)) return [];
    const findings: Finding[] = [];
    for (const { 0: address, index } of text.matchAll(ADDRESS)) {
      // All noughts are nobody's; four figures thrice may be anything without a letter among them.
      if (/^[0:.-]+$/.test(address) || (address.includes('.') && !/[a-f]/i.test(address))) continue;
      if (address.includes('-') && !/[a-f]/i.test(address)) continue;
      findings.push({ entity: 'MAC_ADDRESS', start: index, end: index + address.length, score: 0.85 });
    }
    return findings;
  },
};
