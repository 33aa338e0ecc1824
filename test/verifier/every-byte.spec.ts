import { afterAll, describe, expect, it } from 'vitest';
import { newId } from '../../src/kernel/ids.js';
import { OfflineVerifier } from '../harness/offline-verifier.js';
import { SignedLog } from '../harness/signed-log.js';
import { SigningKey } from '../harness/signing-key.js';

const offline = new OfflineVerifier();
afterAll(() => offline.close());

const key = new SigningKey('countersign.test/audit/log-a/1');
const log = new SignedLog(key);
const run = newId();
for (let at = 0; at < 2; at++) log.append({}, run);

describe.each([
  ['log', log.export({ from: 1 })],
  ['filtered', log.export({ type: 'filtered', indexes: [1], withRuns: false, consistentWith: [1] })],
])('of a small export (%s)', (_type, text) => {
  const bytes = Buffer.from(text);
  const isRefused = (changed: Buffer) =>
    offline.verifyPath(offline.file(changed, 'changed'), '--key', key.vkey).code !== 0;

  it('every single byte counts: with any one of its bits turned it is refused', () => {
    const accepted: number[] = [];
    for (let at = 0; at < bytes.length; at++) {
      const changed = Buffer.from(bytes);
      changed[at] = (changed[at] as number) ^ (1 << (at % 8));
      if (!isRefused(changed)) accepted.push(at);
    }
    expect(accepted).toEqual([]);
    expect(isRefused(bytes)).toBe(false);
  });

  it('no byte may be left out, doubled or joined by a space', () => {
    const accepted: string[] = [];
    for (let at = 0; at <= bytes.length; at += 7) {
      const [before, byte, after] = [
        bytes.subarray(0, at),
        bytes.subarray(at, at + 1),
        bytes.subarray(at + 1),
      ];
      if (byte.length > 0 && !isRefused(Buffer.concat([before, after]))) accepted.push(`${at} left out`);
      if (!isRefused(Buffer.concat([before, Buffer.from(' '), byte, after]))) accepted.push(`${at} spaced`);
      if (byte.length > 0 && !isRefused(Buffer.concat([before, byte, byte, after])))
        accepted.push(`${at} doubled`);
    }
    expect(accepted).toEqual([]);
  });
});
