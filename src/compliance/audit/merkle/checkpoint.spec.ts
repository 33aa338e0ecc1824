import { describe, expect, it } from 'vitest';
import { cosign, formatCheckpoint, parseCheckpoint, signCheckpoint } from './checkpoint.js';
import { SigningKey } from './ed25519.js';
import { parseNote, signersOf } from './signed-note.js';
import { formatVerifierKey, parseVerifierKey, verifierKey } from './verifier-key.js';

const ORIGIN = 'example.com/audit/1';
const BODY = { origin: ORIGIN, size: 12n, rootHash: Buffer.alloc(32, 3) };
const [old, current] = [new SigningKey(Buffer.alloc(32, 1)), new SigningKey(Buffer.alloc(32, 2))];
const keyOf = (key: SigningKey, name = ORIGIN) => verifierKey(name, 'ed25519', key.publicKey);

describe('a checkpoint', () => {
  it('is read as it was written', () => {
    expect(parseCheckpoint(formatCheckpoint(BODY))).toEqual(BODY);
  });

  it.each([
    '',
    `${ORIGIN}\n12\n`,
    `${ORIGIN}\n012\n${BODY.rootHash.toString('base64')}\n`,
    `${ORIGIN}\n-1\n${BODY.rootHash.toString('base64')}\n`,
    `${ORIGIN}\n18446744073709551616\n${BODY.rootHash.toString('base64')}\n`,
    `${ORIGIN}\n12\n${BODY.rootHash.toString('base64')}`,
    `${ORIGIN}\n12\n${Buffer.alloc(31).toString('base64')}\n`,
    `\n12\n${BODY.rootHash.toString('base64')}\n`,
  ])('is not %j', (text) => {
    expect(parseCheckpoint(text)).toBeUndefined();
  });

  it('carries the signature of every key while keys change', () => {
    const note = parseNote(signCheckpoint(BODY, [current, old]));
    expect(note && signersOf(note, [keyOf(old)])).toHaveLength(1);
    expect(note && signersOf(note, [keyOf(current)])).toHaveLength(1);
  });

  it('is not that of a log of another name, or of another key', () => {
    const note = parseNote(signCheckpoint(BODY, [current]));
    expect(note && signersOf(note, [keyOf(current, 'example.com/audit/2'), keyOf(old)])).toEqual([]);
  });

  it('is cosigned with a time, which the key for checkpoints does not stand for', () => {
    const text = formatCheckpoint(BODY);
    const line = cosign(text, 'example.com/clock', old, new Date(1_679_315_147_000));
    const note = parseNote(`${text}\n${line}`);
    const clock = verifierKey('example.com/clock', 'cosignature', old.publicKey);
    expect(note && signersOf(note, [clock])).toEqual([clock]);
    expect(note?.signatures[0]?.signature.readBigUInt64BE(0)).toBe(1_679_315_147n);
    expect(note && signersOf(note, [keyOf(old, 'example.com/clock')])).toEqual([]);
    const later = parseNote(`${formatCheckpoint({ ...BODY, size: 13n })}\n${line}`);
    expect(later && signersOf(later, [clock])).toEqual([]);
  });
});

describe('a verifier key', () => {
  it.each(['ed25519', 'cosignature'] as const)('of kind %s is read as it was written', (kind) => {
    const key = verifierKey(ORIGIN, kind, old.publicKey);
    expect(parseVerifierKey(formatVerifierKey(key))).toEqual(key);
  });
});
