import type { Finding } from './finding.js';
import type { Recognizer } from './recognizer.js';

const MAX_LOCAL = 64;
const MAX_DOMAIN = 253;

/**
 * E-mail addresses, by a scan from each `@` outwards: the usual pattern is quadratic on text without one.
 */
export const emailRecognizer: Recognizer = {
  entity: 'EMAIL',
  threshold: 0.5,
  find(text) {
    const findings: Finding[] = [];
    for (let at = text.indexOf('@'); at >= 0; at = text.indexOf('@', at + 1)) {
      const start = localStart(text, at);
      const end = start < at ? domainEnd(text, at) : at;
      if (end <= at || isUrlCredential(text, start)) continue;
      findings.push({ entity: 'EMAIL', start, end, score: 0.95 });
    }
    return findings;
  },
};

const SPACELESS = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Thai}]/u;
const LETTER = /[\p{L}\p{N}\p{M}]/u;
// Allowed inside a local part, but as a first character rather punctuation of the sentence around it.
const LOCAL_PUNCTUATION = ".-+'!#$%&*^~";
const ASCII_WORD = /\w/;

function localStart(text: string, at: number): number {
  if (text[at - 1] === '"') return quotedStart(text, at);
  // Beside Latin letters, Chinese or Japanese ones are the sentence; an address in that script is taken whole.
  const spaceless = SPACELESS.test(text[at - 1] ?? '');
  const floor = Math.max(0, at - MAX_LOCAL);
  let start = at;
  while (start > floor && isLocalCharacter(text[start - 1] ?? '', spaceless)) start--;
  // More than 64 characters are no local part, and cutting one in the middle would leave the rest readable.
  if (start === floor && start > 0 && isLocalCharacter(text[start - 1] ?? '', spaceless)) return at;
  while (start < at && LOCAL_PUNCTUATION.includes(text[start] ?? '')) start++;
  return text[at - 1] === '.' ? at : start;
}

function isLocalCharacter(character: string, spaceless: boolean): boolean {
  if (character === '') return false;
  if (ASCII_WORD.test(character) || LOCAL_PUNCTUATION.includes(character)) return true;
  return LETTER.test(character) && (spaceless || !SPACELESS.test(character));
}

/** `"jane doe"@example.com` */
function quotedStart(text: string, at: number): number {
  const open = text.lastIndexOf('"', at - 2);
  const isClose = open >= 0 && at - open <= MAX_LOCAL && !text.slice(open, at).includes('\n');
  return isClose && at - open > 2 ? open : at;
}

function domainEnd(text: string, at: number): number {
  if (text[at + 1] === '[') return literalEnd(text, at);
  const spaceless = SPACELESS.test(text[at + 1] ?? '');
  const ceiling = Math.min(text.length, at + 1 + MAX_DOMAIN);
  let end = at + 1;
  while (end < ceiling && isDomainCharacter(text[end] ?? '', spaceless)) end++;
  while (end > at + 1 && (text[end - 1] === '.' || text[end - 1] === '-')) end--;
  return isDomain(text.slice(at + 1, end)) ? end : at;
}

function isDomainCharacter(character: string, spaceless: boolean): boolean {
  if (character === '.' || character === '-') return true;
  if (character === '_') return false;
  if (ASCII_WORD.test(character)) return true;
  return LETTER.test(character) && (spaceless || !SPACELESS.test(character));
}

/** File names such as `icon@2x.png` end like a domain; none of these is a top-level domain. */
const FILE_ENDINGS =
  /^(?:png|jpe?g|gif|svg|webp|avif|css|scss|js|mjs|cjs|ts|tsx|jsx|json|html?|xml|yaml|yml|txt|tgz|gz)$/i;

function isDomain(domain: string): boolean {
  const labels = domain.split('.');
  const top = labels.at(-1) ?? '';
  if (labels.length < 2 || labels.some((label) => label === '' || label.length > 63)) return false;
  return /^(?:xn--[a-z0-9-]+|\p{L}[\p{L}\p{M}]+)$/iu.test(top) && !FILE_ENDINGS.test(top);
}

/** `jane@[192.0.2.1]` */
function literalEnd(text: string, at: number): number {
  const close = text.slice(at, at + 64).indexOf(']');
  if (close < 0) return at;
  return /^\[(?:IPv6:)?[0-9a-f.:]+\]$/i.test(text.slice(at + 1, at + close + 1)) ? at + close + 1 : at;
}

/** In `postgres://user:password@host` and `git@host:path` no mailbox is meant. */
function isUrlCredential(text: string, start: number): boolean {
  const before = text.slice(Math.max(0, start - 80), start);
  return (
    /[a-z][a-z0-9+.-]{1,20}:\/\/[^\s/@]*:$/i.test(before) ||
    /^git@[^\s/]+:/.test(text.slice(start, start + 80))
  );
}
