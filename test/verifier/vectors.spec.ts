import { createCipheriv, createDecipheriv, createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { canonicalText, parseCanonical } from '../../src/verifier/canonical.js';
import { parseCheckpoint } from '../../src/verifier/checkpoint.js';
import { splitBundle } from '../../src/verifier/log-directory.js';
import { GrowingTree, hashLeaf, isConsistent, rootOfInclusion } from '../../src/verifier/merkle.js';
import {
  isGenuine,
  parseKey,
  parseNote,
  signaturesBy,
  verifyEd25519,
} from '../../src/verifier/signed-note.js';
import { sharedVectors } from '../harness/shared-vectors.js';

const cases = (name: string): unknown =>
  (sharedVectors(`audit/${name}.json`) as { cases: unknown } | undefined)?.cases ?? [];
const groups = (name: string): unknown =>
  (sharedVectors(`audit/${name}.json`) as { testGroups: unknown } | undefined)?.testGroups ?? [];

/** They lie beside the checkout and not in it; where they are not there, that is said. */
const isThere = sharedVectors('audit/jcs-numbers.json') !== undefined;

const base64 = (text: string) => Buffer.from(text, 'base64');
const hashes = (proof: readonly string[] | null) => (proof ?? []).map(base64);

describe.runIf(isThere)('what others have published', () => {
  it('about canonical JSON: documents', () => {
    const vectors = cases('jcs-documents') as { inputBase64: string; outputHex: string }[];
    expect(vectors.length).toBeGreaterThan(3);
    for (const { inputBase64, outputHex } of vectors) {
      const text = Buffer.from(outputHex, 'hex').toString();
      const input = base64(inputBase64).toString();
      expect(canonicalText(JSON.parse(input))).toBe(text);
      expect(parseCanonical(text)).toBeDefined();
      expect(parseCanonical(input) !== undefined).toBe(input === text);
    }
  });

  it('about canonical JSON: numbers', () => {
    const vectors = (
      cases('jcs-numbers') as { name: string; ieee754Hex?: string; expected: string }[]
    ).filter((each) => each.ieee754Hex !== undefined);
    expect(vectors.length).toBeGreaterThan(5);
    for (const { ieee754Hex = '', expected, name } of vectors) {
      const number = Buffer.from(ieee754Hex, 'hex').readDoubleBE();
      // Minus zero is written as zero, which is why no canonical text holds it.
      expect(canonicalText(number), name).toBe(expected);
    }
  });

  it('about hashes of leaves and nodes', () => {
    const vectors = (
      cases('rfc6962-reference') as { kind: string; name: string; leavesHex: string[]; rootHex?: string }[]
    ).filter(({ kind }) => kind === 'root');
    expect(vectors.length).toBeGreaterThan(2);
    for (const { leavesHex, rootHex, name } of vectors) {
      const tree = new GrowingTree();
      for (const leaf of leavesHex) tree.addLeaf(hashLeaf(Buffer.from(leaf, 'hex')));
      expect(tree.root().toString('hex'), name).toBe(rootHex);
    }
  });

  it('about proofs of inclusion, good and hostile', () => {
    const vectors = cases('rfc6962-inclusion') as Inclusion[];
    expect(vectors.length).toBeGreaterThan(50);
    for (const { name, leafIdx, treeSize, root, leafHash, proof, wantErr } of vectors) {
      const reached = rootOfInclusion(BigInt(leafIdx), BigInt(treeSize), base64(leafHash), hashes(proof));
      expect(reached?.equals(base64(root)) ?? false, name).toBe(!wantErr);
    }
  });

  it('about proofs of consistency, good and hostile', () => {
    const vectors = cases('rfc6962-consistency') as Consistency[];
    expect(vectors.length).toBeGreaterThan(50);
    for (const { name, size1, size2, root1, root2, proof, wantErr } of vectors) {
      const holds = isConsistent(BigInt(size1), BigInt(size2), base64(root1), base64(root2), hashes(proof));
      expect(holds, name).toBe(!wantErr);
    }
  });

  it('about signed notes', () => {
    const vectors = cases('signed-note') as {
      name: string;
      noteBase64: string;
      vkeys: string[];
      expect: string;
    }[];
    expect(vectors.length).toBeGreaterThan(5);
    for (const { name, noteBase64, vkeys, expect: expected } of vectors) {
      const note = parseNote(base64(noteBase64));
      const keys = vkeys.map(parseKey).filter((key) => key !== undefined);
      const found = new Set(
        keys.flatMap((key) =>
          note ? signaturesBy(note, key).map((signature) => isGenuine(note, key, signature)) : [],
        ),
      );
      const judged = !note ? 'malformed' : found.has(false) ? 'error' : found.has(true) ? 'ok' : 'unverified';
      expect(judged, name).toBe(expected);
    }
  });

  it('about keys of notes: no part and no change of one is one', () => {
    const vectors = cases('signed-note-vkeys') as { vkey: string; valid: boolean }[];
    expect(vectors.length).toBeGreaterThan(0);
    for (const { vkey, valid } of vectors) {
      expect(parseKey(vkey) !== undefined).toBe(valid);
      for (let from = 0; from < vkey.length; from++) {
        for (let to = from; to <= vkey.length; to++) {
          expect(parseKey(vkey.slice(from, to)) !== undefined).toBe(to - from === vkey.length);
        }
        const changed = Buffer.from(vkey);
        changed[from] = (changed[from] as number) + 1;
        expect(parseKey(changed.toString('latin1'))).toBeUndefined();
      }
    }
  });

  it('as checkpoints and proofs of a large log', () => {
    const vectors = cases('sigstore-checkpoint-inclusion') as Sigstore[];
    expect(vectors.length).toBeGreaterThan(5);
    for (const each of vectors) expect(isSigstoreValid(each), each.name).toBe(each.valid);
  });

  it('as a tiled log', () => {
    const log = sharedVectors('audit/tlog-tiles-log.json') as { vkey: string } | undefined;
    const key = parseKey(log?.vkey ?? '');
    const vectors = cases('tlog-tiles-log') as {
      size: number;
      checkpoint: string;
      tile0Base64: string;
      entryBundleBase64: string;
    }[];
    expect(vectors.length).toBeGreaterThan(2);
    for (const { size, checkpoint: text, tile0Base64, entryBundleBase64 } of vectors) {
      const checkpoint = parseCheckpoint(Buffer.from(text));
      const [signature] = key ? signaturesBy(checkpoint.note, key) : [];
      expect(key && signature && isGenuine(checkpoint.note, key, signature)).toBe(true);
      const entries = splitBundle(base64(entryBundleBase64), size) ?? [];
      const tree = new GrowingTree();
      for (const entry of entries) tree.addLeaf(hashLeaf(entry));
      expect(Buffer.concat(entries.map(hashLeaf)).equals(base64(tile0Base64))).toBe(true);
      expect(tree.size).toBe(size);
      expect(tree.root().equals(checkpoint.rootHash)).toBe(true);
    }
  });

  it('about Ed25519', () => {
    let count = 0;
    for (const { publicKey, tests } of groups('wycheproof-ed25519') as Ed25519Group[]) {
      for (const { tcId, msg, sig, result } of tests) {
        const holds = verifyEd25519(
          Buffer.from(publicKey.pk, 'hex'),
          Buffer.from(msg, 'hex'),
          Buffer.from(sig, 'hex'),
        );
        expect(holds, String(tcId)).toBe(result === 'valid');
        count += 1;
      }
    }
    expect(count).toBeGreaterThan(80);
  });

  it('about HMAC-SHA-256, on which commitments rest', () => {
    let count = 0;
    for (const { tagSize, tests } of groups('wycheproof-hmac_sha256') as MacGroup[]) {
      for (const { tcId, key, msg, tag, result } of tests) {
        const made = createHmac('sha256', Buffer.from(key, 'hex')).update(Buffer.from(msg, 'hex')).digest();
        expect(made.toString('hex', 0, tagSize / 8) === tag, String(tcId)).toBe(result === 'valid');
        count += 1;
      }
    }
    expect(count).toBeGreaterThan(80);
  });

  it('about AES-256-GCM in the sizes that sealed values have', () => {
    let count = 0;
    for (const { keySize, ivSize, tagSize, tests } of groups('wycheproof-aes_gcm') as AeadGroup[]) {
      if (keySize !== 256 || ivSize !== 96 || tagSize !== 128) continue;
      for (const each of tests) {
        expect(opens(each), String(each.tcId)).toBe(each.result === 'valid');
        count += 1;
      }
    }
    expect(count).toBeGreaterThan(30);
  });
});

function isSigstoreValid({
  origin,
  publicKeyRawBase64,
  leafDataBase64,
  leafIndex,
  treeSize,
  proof,
  checkpoint: text,
}: Sigstore) {
  try {
    const checkpoint = parseCheckpoint(Buffer.from(text));
    const note = checkpoint.note;
    const isSigned = note.signatures.some(
      ({ name, bytes }) =>
        name === origin && verifyEd25519(base64(publicKeyRawBase64), Buffer.from(note.text), bytes),
    );
    const root = rootOfInclusion(
      BigInt(leafIndex),
      BigInt(treeSize),
      hashLeaf(base64(leafDataBase64)),
      hashes(proof),
    );
    return (
      isSigned &&
      checkpoint.origin === origin &&
      checkpoint.size === BigInt(treeSize) &&
      (root?.equals(checkpoint.rootHash) ?? false)
    );
  } catch {
    return false;
  }
}

function opens({ key, iv, aad, msg, ct, tag }: AeadTest): boolean {
  const hex = (text: string) => Buffer.from(text, 'hex');
  try {
    const decipher = createDecipheriv('aes-256-gcm', hex(key), hex(iv), { authTagLength: 16 });
    decipher.setAAD(hex(aad)).setAuthTag(hex(tag));
    const plain = Buffer.concat([decipher.update(hex(ct)), decipher.final()]);
    const cipher = createCipheriv('aes-256-gcm', hex(key), hex(iv), { authTagLength: 16 }).setAAD(hex(aad));
    const again = Buffer.concat([cipher.update(plain), cipher.final()]);
    return plain.equals(hex(msg)) && again.equals(hex(ct));
  } catch {
    return false;
  }
}

interface Inclusion {
  name: string;
  leafIdx: string;
  treeSize: string;
  root: string;
  leafHash: string;
  proof: string[] | null;
  wantErr: boolean;
}

interface Consistency {
  name: string;
  size1: string;
  size2: string;
  root1: string;
  root2: string;
  proof: string[] | null;
  wantErr: boolean;
}

interface Sigstore {
  name: string;
  valid: boolean;
  origin: string;
  publicKeyRawBase64: string;
  leafDataBase64: string;
  leafIndex: number;
  treeSize: number;
  proof: string[];
  checkpoint: string;
}

interface Ed25519Group {
  publicKey: { pk: string };
  tests: { tcId: number; msg: string; sig: string; result: string }[];
}

interface MacGroup {
  tagSize: number;
  tests: { tcId: number; key: string; msg: string; tag: string; result: string }[];
}

interface AeadTest {
  tcId: number;
  key: string;
  iv: string;
  aad: string;
  msg: string;
  ct: string;
  tag: string;
  result: string;
}

interface AeadGroup {
  keySize: number;
  ivSize: number;
  tagSize: number;
  tests: AeadTest[];
}
