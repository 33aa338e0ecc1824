// A pure function of the module: nothing is opened.
import { isIPv6 } from 'node:net';
import { hasContext, wordPattern } from './context.js';
import type { Finding } from './finding.js';
import type { Recognizer } from './recognizer.js';

const OCTET = '(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)';
const V4 = new RegExp(`(?<![\\w.])(?:${OCTET}\\.){3}${OCTET}(?![\\w]|\\.\\d)`, 'g');
const MAX_V6_RUN = 128;
const MAX_V6 = 45;

const VERSION_WORDS = wordPattern([
  'versions?',
  'ver',
  'v',
  'release[ds]?',
  'build',
  'firmware',
  'upgraded?',
  'section',
  'chapter',
  'chrome',
  'firefox',
  'safari',
  'edge',
  'electron',
  'package',
]);
const ADDRESS_WORDS = wordPattern([
  'ips?',
  'ipv4',
  'address(?:es)?',
  'hosts?',
  'server',
  'client',
  'remote',
  'addr',
  'gateway',
  'dns',
  'subnet',
  'from',
  'ping',
  'ssh',
  'src',
  'dst',
  'источник',
  'adresse',
]);

/** `Chrome/120.0.0.0`, `tool-1.2.3.4` and `~1.2.3.4` name releases. */
const RELEASE = /[A-Za-z][/-]$|[~^]$/;

/** IPv4 and IPv6 addresses; four numbers behind a word such as "version" are one. */
export const ipAddressRecognizer: Recognizer = {
  entity: 'IP_ADDRESS',
  threshold: 0.5,
  context: { words: ADDRESS_WORDS, boost: 0.3 },
  find(text) {
    return [...v4(text), ...v6(text)];
  },
};

function v4(text: string): Finding[] {
  const findings: Finding[] = [];
  for (const match of text.matchAll(V4)) {
    const start = match.index;
    const end = start + match[0].length;
    findings.push({ entity: 'IP_ADDRESS', start, end, score: v4Score(text, start, end, match[0]) });
  }
  return findings;
}

function v4Score(text: string, start: number, end: number, address: string): number {
  if (
    RELEASE.test(text.slice(Math.max(0, start - 2), start)) ||
    hasContext(text, start, start, VERSION_WORDS)
  )
    return 0.15;
  // 9.2.6.7 is a version more often than an address.
  return address.length === 7 &&
    !/^(?:0\.0\.0\.0|1\.1\.1\.1|8\.8\.8\.8)$/.test(address) &&
    !hasContext(text, start, end, ADDRESS_WORDS)
    ? 0.3
    : 0.8;
}

function v6(text: string): Finding[] {
  const findings: Finding[] = [];
  let floor = 0;
  for (let colon = text.indexOf(':'); colon >= 0; colon = text.indexOf(':', floor)) {
    const [start, end] = hexRun(text, colon, floor);
    floor = end;
    const run = text.slice(start, end);
    if (run.indexOf(':', run.indexOf(':') + 1) < 0 || run.length > MAX_V6_RUN) continue;
    const finding = v6At(text, start, run);
    if (finding) findings.push(finding);
  }
  return findings;
}

/** What may belong to an address around a colon. */
function hexRun(text: string, colon: number, floor: number): [start: number, end: number] {
  let start = colon;
  while (start > floor && isHex(text.charCodeAt(start - 1))) start--;
  let end = colon + 1;
  while (end < text.length && isHex(text.charCodeAt(end))) end++;
  return [start, end];
}

/** Digits to `:`, a dot, `A` to `F` in either case. */
function isHex(code: number): boolean {
  return (
    (code >= 48 && code <= 58) || code === 46 || (code >= 97 && code <= 102) || (code >= 65 && code <= 70)
  );
}

function v6At(text: string, at: number, run: string): Finding | undefined {
  // The sentence's own full stop or colon may touch the address on either side.
  const lead = /^(?::(?!:)|\.)/.test(run) ? 1 : 0;
  const address = run.slice(lead).replace(/(?<!:):$|\.$/, '');
  const start = at + lead;
  const end = start + address.length;
  if (address.length > MAX_V6 || !isIPv6(address)) return undefined;
  if (/[\p{L}\p{N}_]/u.test(`${text[start - 1] ?? ''}${text[end] ?? ''}`.replace(/[^\x00-\x7f]/g, '')))
    return undefined;
  return { entity: 'IP_ADDRESS', start, end, score: v6Score(address) };
}

/** `a::b` is also a name of C++ or Perl, and `::` alone mostly punctuation. */
function v6Score(address: string): number {
  const groups = address.split(':').filter((group) => group !== '').length;
  if (groups === 0) return 0.3;
  if (!/\d/.test(address)) return groups >= 3 ? 0.6 : 0.25;
  return groups === 1 && !address.startsWith('::') && !/^f[ed]/i.test(address) ? 0.4 : 0.9;
}
