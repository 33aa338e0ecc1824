import { wordPattern } from './context.js';
import { isEmbedded } from './digit-runs.js';
import type { Finding } from './finding.js';
import { passesLuhn } from './luhn.js';
import type { Recognizer } from './recognizer.js';

const CANDIDATE = /(?<!\d)(\d{3})([ .\-\u2010-\u2015]?)(\d{3})\2(\d{3})(?!\d)/g;

/** Canadian social insurance numbers, by check digit. In one piece they count only beside words that name them. */
export const caSinRecognizer: Recognizer = {
  entity: 'CA_SIN',
  threshold: 0.5,
  digits: true,
  context: {
    boost: 0.5,
    words: wordPattern([
      'sins?',
      'social insurance',
      's\\.i\\.n\\.?',
      'nas',
      'assurance sociale',
      "num[eé]ro d['’]assurance",
    ]),
  },
  find(text) {
    const findings: Finding[] = [];
    for (const match of text.matchAll(CANDIDATE)) {
      const [whole, first = '', separator = '', second = '', third = ''] = match;
      const end = match.index + whole.length;
      // Numbers with 8 belong to businesses; 0 is not given out, but stands in every specimen.
      if (first.startsWith('8') || !passesLuhn(first + second + third) || isEmbedded(text, match.index, end))
        continue;
      findings.push({ entity: 'CA_SIN', start: match.index, end, score: separator === '' ? 0.1 : 0.65 });
    }
    return findings;
  },
};
