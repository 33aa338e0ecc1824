import { wordPattern } from './context.js';
import { isEmbedded } from './digit-runs.js';
import type { Finding } from './finding.js';
import type { Recognizer } from './recognizer.js';

const CANDIDATE = /(?<!\d)(\d{3})([ .\-\u2010-\u2015]?)(\d{2})\2(\d{4})(?!\d)/g;

/** US social security numbers. Nine digits in one piece count only beside words that name them. */
export const usSsnRecognizer: Recognizer = {
  entity: 'US_SSN',
  threshold: 0.5,
  digits: true,
  context: {
    boost: 0.5,
    words: wordPattern([
      'ssns?',
      'social security',
      'soc(?:ial)? sec',
      'social',
      'ss ?#',
      'ss ?(?:no|num|number)',
      'itin',
      'tax ?id',
      'seguro social',
    ]),
  },
  find(text) {
    const findings: Finding[] = [];
    for (const match of text.matchAll(CANDIDATE)) {
      const [whole, area = '', separator = '', group = '', serial = ''] = match;
      const end = match.index + whole.length;
      if (!isIssued(area, group, serial) || isEmbedded(text, match.index, end)) continue;
      findings.push({ entity: 'US_SSN', start: match.index, end, score: baseScore(separator) });
    }
    return findings;
  },
};

function baseScore(separator: string): number {
  if (separator === '') return 0.1;
  return separator === ' ' || separator === '.' ? 0.62 : 0.85;
}

/** Area numbers 000, 666 and 9xx, group 00 and serial 0000 were never given out. */
function isIssued(area: string, group: string, serial: string): boolean {
  return area !== '000' && area !== '666' && !area.startsWith('9') && group !== '00' && serial !== '0000';
}
