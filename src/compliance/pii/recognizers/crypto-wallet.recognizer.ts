// Digests only: nothing is opened and no key is used.
import { createHash } from 'node:crypto';
import type { Finding } from './finding.js';
import { longRuns } from './long-runs.js';
import type { Recognizer } from './recognizer.js';

const SHORTEST = 26;
const CANDIDATE =
  /(?<![A-Za-z0-9])(?:(?<base58>[13LMDT][1-9A-HJ-NP-Za-km-z]{25,34})|(?<bech32>(?:bc1|tb1|ltc1)[02-9ac-hj-np-z]{25,87})|(?<ether>0x[0-9a-fA-F]{40}))(?![A-Za-z0-9])/g;

/** Wallets of Bitcoin and its relatives, Tron and Ethereum, by their own check sums. */
export const cryptoWalletRecognizer: Recognizer = {
  entity: 'CRYPTO',
  threshold: 0.5,
  find(text) {
    const findings: Finding[] = [];
    for (const run of longRuns(text, SHORTEST)) {
      for (const { 0: wallet, index, groups } of run.text.matchAll(CANDIDATE)) {
        if (groups?.['base58'] && !hasBase58Check(wallet)) continue;
        if (groups?.['bech32'] && !hasBech32Check(wallet)) continue;
        const start = run.start + index;
        findings.push({ entity: 'CRYPTO', start, end: start + wallet.length, score: 0.9 });
      }
    }
    return findings;
  },
};

const BASE58 = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';

/** 21 bytes and the first four of the digest of their digest. */
function hasBase58Check(wallet: string): boolean {
  let value = 0n;
  for (const character of wallet) value = value * 58n + BigInt(BASE58.indexOf(character));
  const bytes = Buffer.from(value.toString(16).padStart(50, '0'), 'hex');
  if (bytes.length !== 25) return false;
  const digest = sha256(sha256(bytes.subarray(0, 21)));
  return digest.subarray(0, 4).equals(bytes.subarray(21));
}

function sha256(bytes: Buffer): Buffer {
  return createHash('sha256').update(bytes).digest();
}

const BECH32 = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l';
const GENERATOR = [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3];

/** BIP 173, and its correction in BIP 350. */
function hasBech32Check(wallet: string): boolean {
  const split = wallet.indexOf('1');
  const prefix = Array.from(wallet.slice(0, split), (character) => character.charCodeAt(0));
  const data = Array.from(wallet.slice(split + 1), (character) => BECH32.indexOf(character));
  let state = 1;
  for (const value of [...prefix.map((code) => code >> 5), 0, ...prefix.map((code) => code & 31), ...data]) {
    const top = state >>> 25;
    state = ((state & 0x1ffffff) << 5) ^ value;
    GENERATOR.forEach((generator, bit) => {
      if ((top >> bit) & 1) state ^= generator;
    });
  }
  return state === 1 || state === 0x2bc830a3;
}
