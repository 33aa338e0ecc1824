import type { Finding } from './finding.js';
import { longRuns } from './long-runs.js';

const RUN = /(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/_-]{16,4096}={0,2}(?![A-Za-z0-9+/_=-])/g;
const MAX_RUNS = 200;
const READABLE = /^[\t\n\r\x20-\x7e\u00a0-\uffff]+$/;

/**
 * Values inside base64: the whole run is reported as what it holds first, for a piece of it cannot be replaced.
 */
export function encodedRuns(text: string, detectIn: (text: string) => readonly Finding[]): Finding[] {
  const findings: Finding[] = [];
  let runs = 0;
  for (const long of longRuns(text, 16)) {
    for (const { 0: run, index } of long.text.matchAll(RUN)) {
      // Words, digests and names of things are no encoding: that mixes cases, and fills groups of four.
      if (!/[A-Z]/.test(run) || !/[a-z]/.test(run) || run.replace(/=+$/, '').length % 4 === 1) continue;
      if (++runs > MAX_RUNS) return findings;
      const decoded = Buffer.from(run, 'base64').toString('utf8');
      if (!READABLE.test(decoded) || decoded.includes('\ufffd')) continue;
      const [first] = detectIn(decoded);
      const start = long.start + index;
      if (first) findings.push({ ...first, start, end: start + run.length });
    }
  }
  return findings;
}
