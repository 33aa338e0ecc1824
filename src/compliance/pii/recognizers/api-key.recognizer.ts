import { KEY_FORMATS } from './api-key-formats.js';
import type { Finding } from './finding.js';
import { longRuns } from './long-runs.js';
import type { Recognizer } from './recognizer.js';

const MAX_KEY_BLOCK = 16_384;

const FORMATS = new RegExp(`(?<![A-Za-z0-9_])(?:${KEY_FORMATS.join('|')})(?![A-Za-z0-9_])`, 'g');
const KEY_BLOCK = /-----BEGIN[ A-Z0-9]{0,40}PRIVATE KEY(?: BLOCK)?-----/g;
const KEY_BLOCK_END = /-----END[ A-Z0-9]{0,40}PRIVATE KEY(?: BLOCK)?-----/;

/** Names whose value is a secret, then an assignment, then the value (group 1). */
const ASSIGNMENT = new RegExp(
  [
    '(?:api[_ .-]?key|apikey|secret(?:[_ .-]?(?:access)?[_ .-]?key)?|(?:access|auth|bearer|refresh|session|id)?[_ .-]?token',
    '|access[_ .-]?key|private[_ .-]?key|account[_ .-]?key|encryption[_ .-]?key|signing[_ .-]?key|client[_ .-]?secret|passw(?:or)?d|passphrase|passwort|pwd|credentials?|creds)',
    '[\\w.-]{0,24}(?<!ids?)["\'\\]`]{0,2}\\s{0,3}(?:=>|:=|={1,3}|:|\\|\\||,(?=\\s?["\']))\\s{0,3}',
    '(?:bearer |basic |token )?["\'`]{0,3}([^\\s"\'`,;<>(){}]{8,512})',
  ].join(''),
  'gi',
);
const AUTHORIZATION = /\b(?:bearer|basic|token)\s{1,3}([A-Za-z0-9+/=._~-]{16,1024})/gi;
/** `curl -u name:password` */
const CURL_USER =
  /\bcurl\b[^\n]{0,200}?(?:\n[^\n]{0,120}?){0,6}?\s(?:-u|--user)[ =]{1,2}(["']?[\w.@-]{1,64}:['"]?[^\s"']{6,128}["']?)/g;
const URL_PASSWORD = /\b[a-z][a-z0-9+.-]{1,20}:\/\/[^\s:/@]{0,64}:([^\s:/@]{3,128})@/gi;

/** API keys, tokens, passwords and private keys. */
export const apiKeyRecognizer: Recognizer = {
  entity: 'API_KEY',
  threshold: 0.5,
  find(text) {
    const inUrls = text.includes('://') ? captured(text, URL_PASSWORD, 0.85, isPlaceholderFree) : [];
    const forCurl = text.includes('curl') ? captured(text, CURL_USER, 0.75, hasRealPassword) : [];
    return [...forCurl, ...known(text), ...keyBlocks(text), ...assigned(text), ...inUrls];
  },
};

/** A piece of every name that {@link ASSIGNMENT} and {@link AUTHORIZATION} look for. */
const SECRET_WORD = /key|secret|token|passw|passp|pwd|cred|bearer|basic/i;

/** Every known format has at least so many characters in a row. */
const SHORTEST_KEY = 12;

function known(text: string): Finding[] {
  const findings: Finding[] = [];
  for (const run of longRuns(text, SHORTEST_KEY)) {
    // Long words and paths have no digits; only the longest keys have none either.
    if (run.text.length < 30 && !/\d/.test(run.text)) continue;
    for (const { 0: key, index } of run.text.matchAll(FORMATS)) {
      if (entropyOf(key) < 2.5 || isPlaceholder(key)) continue;
      const start = run.start + index;
      findings.push({ entity: 'API_KEY', start, end: start + key.length, score: 0.97 });
    }
  }
  return findings;
}

/** Documentation shows keys like `sk-abc123xyz…`, `…_PUT_YOUR_TOKEN_HERE_…`. */
function isPlaceholder(key: string): boolean {
  return /your|token_?here|example|placeholder|x{6}|abcdefghij|0123456789ab|1234567890ab/i.test(key);
}

/** From BEGIN to END; without an END, to the end of what a key can be. */
function keyBlocks(text: string): Finding[] {
  if (!text.includes('-----BEGIN')) return [];
  const findings: Finding[] = [];
  let covered = 0;
  for (const match of text.matchAll(KEY_BLOCK)) {
    if (match.index < covered) continue;
    const body = text.slice(match.index, match.index + MAX_KEY_BLOCK);
    const close = KEY_BLOCK_END.exec(body);
    covered = match.index + (close ? close.index + close[0].length : body.length);
    findings.push({ entity: 'API_KEY', start: match.index, end: covered, score: 0.99 });
  }
  return findings;
}

function assigned(text: string): Finding[] {
  if (!SECRET_WORD.test(text)) return [];
  return [
    ...captured(text, ASSIGNMENT, 0.8, looksSecret),
    ...captured(text, AUTHORIZATION, 0.75, looksRandom),
  ];
}

function captured(
  text: string,
  pattern: RegExp,
  score: number,
  accept: (value: string) => boolean,
): Finding[] {
  const findings: Finding[] = [];
  for (const match of text.matchAll(pattern)) {
    const value = match[1] ?? '';
    const start = match.index + match[0].lastIndexOf(value);
    if (accept(value)) findings.push({ entity: 'API_KEY', start, end: start + value.length, score });
  }
  return findings;
}

const PLACEHOLDER =
  /^(?:[<{[$%]|\*+|x{4,}|\.{3,})|\u27e6|^example|changeme|change_me|your[_-]|placeholder|redacted|process\.env|undefined|^(?:null|true|false|none|string|number|boolean|required|optional)$/i;

function isPlaceholderFree(value: string): boolean {
  return !PLACEHOLDER.test(value);
}

function hasRealPassword(pair: string): boolean {
  return !/:["']?(?:[[<{$*]|pass|x{3})/i.test(pair);
}

/** A value beside a secret's name: mixed enough not to be a word, a path or a call. */
function looksSecret(value: string): boolean {
  if (!isPlaceholderFree(value) || /^(?:https?:)?\/\/|^\.{0,2}\/|[([]$/.test(value)) return false;
  const isMixed = /\d/.test(value) && /[A-Za-z]/.test(value);
  if (!isMixed && !(/[^\w.-]/.test(value) && /[A-Za-z]/.test(value))) return false;
  return entropyOf(value) >= 2.8;
}

function looksRandom(value: string): boolean {
  return isPlaceholderFree(value) && /\d/.test(value) && entropyOf(value) >= 3.2;
}

/** Shannon entropy in bits per character. */
function entropyOf(text: string): number {
  const counts = new Map<string, number>();
  for (const character of text) counts.set(character, (counts.get(character) ?? 0) + 1);
  let entropy = 0;
  for (const count of counts.values()) entropy -= (count / text.length) * Math.log2(count / text.length);
  return entropy;
}
