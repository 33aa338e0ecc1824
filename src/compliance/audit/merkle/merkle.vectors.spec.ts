import { describe, expect, it } from 'vitest';
import { sharedVectors } from '../../../../test/harness/shared-vectors.js';
import { hashLeaf } from '../audit-leaf.js';
import { parseCheckpoint } from './checkpoint.js';
import { isSignedBy } from './ed25519.js';
import { hashNode } from './hash.js';
import { isConsistent, isIncluded } from './proof-checks.js';
import { RightEdge } from './right-edge.js';
import { parseNote, signersOf } from './signed-note.js';
import { parseVerifierKey, type VerifierKey } from './verifier-key.js';

interface Suite {
  readonly cases: readonly unknown[];
}

const vectors = (file: string): readonly unknown[] =>
  (sharedVectors(`audit/${file}.json`) as Suite | undefined)?.cases ?? [];
const bytes = (text: string) => Buffer.from(text, 'base64');
const all = (texts: readonly string[] | null) => (texts ?? []).map(bytes);

interface InclusionCase {
  name: string;
  leafIdx: string;
  treeSize: string;
  root: string;
  leafHash: string;
  proof: string[] | null;
  wantErr: boolean;
}
interface ConsistencyCase {
  name: string;
  size1: string;
  size2: string;
  root1: string;
  root2: string;
  proof: string[] | null;
  wantErr: boolean;
}
interface ReferenceCase {
  name: string;
  kind: string;
  leavesHex: string[];
  rootHex?: string;
}
interface TilesCase {
  name: string;
  size: number;
  checkpoint: string;
  tile0Base64: string;
  entryBundleBase64: string;
}
interface NoteCase {
  name: string;
  noteBase64: string;
  vkeys: string[];
  expect: 'ok' | 'unverified' | 'malformed' | 'error';
  verified?: string[];
}
interface SigstoreCase {
  name: string;
  valid: boolean;
  origin: string;
  publicKeyRawBase64: string;
  leafDataBase64: string;
  leafIndex: string;
  proof: string[];
  checkpoint: string;
}
interface Ed25519Vectors {
  testGroups: {
    publicKey: { pk: string };
    tests: { tcId: number; msg: string; sig: string; result: string }[];
  }[];
}

const inclusions = vectors('rfc6962-inclusion') as InclusionCase[];
const consistencies = vectors('rfc6962-consistency') as ConsistencyCase[];
const references = (vectors('rfc6962-reference') as ReferenceCase[]).filter(({ kind }) => kind === 'root');
const tiles = vectors('tlog-tiles-log') as TilesCase[];
const notes = vectors('signed-note') as NoteCase[];
const vkeys = vectors('signed-note-vkeys') as { name: string; vkey: string }[];
const sigstore = vectors('sigstore-checkpoint-inclusion') as SigstoreCase[];
const ed25519 = sharedVectors('audit/wycheproof-ed25519.json') as Ed25519Vectors | undefined;

describe.skipIf(inclusions.length === 0)('published inclusion proofs (RFC 6962)', () => {
  it.each(inclusions)('$name', ({ leafIdx, treeSize, leafHash, proof, root, wantErr }) => {
    const claim = {
      index: BigInt(leafIdx),
      size: BigInt(treeSize),
      leafHash: bytes(leafHash),
      proof: all(proof),
      root: bytes(root),
    };
    expect(isIncluded(claim)).toBe(!wantErr);
  });
});

describe.skipIf(consistencies.length === 0)('published consistency proofs (RFC 6962)', () => {
  it.each(consistencies)('$name', ({ size1, size2, root1, root2, proof, wantErr }) => {
    const claim = {
      from: BigInt(size1),
      to: BigInt(size2),
      fromRoot: bytes(root1),
      toRoot: bytes(root2),
      proof: all(proof),
    };
    expect(isConsistent(claim)).toBe(!wantErr);
  });
});

describe.skipIf(references.length === 0)('the reference tree', () => {
  it.each(references)('$name', ({ leavesHex, rootHex }) => {
    const edge = new RightEdge();
    edge.append(leavesHex.map((hex) => hashLeaf(Buffer.from(hex, 'hex'))));
    expect(edge.root().toString('hex')).toBe(rootHex);
  });
});

describe.skipIf(tiles.length === 0)('a real tiled log', () => {
  const key = parseVerifierKey(
    (sharedVectors('audit/tlog-tiles-log.json') as { vkey: string } | undefined)?.vkey ?? '',
  ) as VerifierKey;

  it.each(tiles)('$name', ({ size, checkpoint, tile0Base64, entryBundleBase64 }) => {
    const note = parseNote(checkpoint);
    expect(note && signersOf(note, [key])).toEqual([key]);
    const edge = new RightEdge();
    const [tile] = edge.append(entriesOf(bytes(entryBundleBase64)).map(hashLeaf));
    expect(tile?.hashes).toEqual(bytes(tile0Base64));
    const head = parseCheckpoint(note?.text ?? '');
    expect(head).toEqual({ origin: key.name, size: BigInt(size), rootHash: edge.root() });
  });
});

describe.skipIf(notes.length === 0)('published signed notes', () => {
  it.each(notes)('$name', ({ noteBase64, vkeys: texts, expect: expected, verified }) => {
    const note = parseNote(bytes(noteBase64).toString('utf8'));
    const keys = texts.flatMap((text) => parseVerifierKey(text) ?? []);
    expect(note !== undefined).toBe(expected !== 'malformed');
    const signers = note ? signersOf(note, keys).map(({ name }) => name) : [];
    expect([...new Set(signers)]).toEqual(expected === 'ok' ? verified : []);
  });

  it.each(vkeys)('the verifier key of $name, and nothing near it', ({ vkey }) => {
    expect(parseVerifierKey(vkey)).toBeDefined();
    for (let end = 0; end < vkey.length; end++) expect(parseVerifierKey(vkey.slice(0, end))).toBeUndefined();
    for (let at = 0; at < vkey.length; at++) {
      const near = Buffer.from(vkey);
      near.writeUInt8(near.readUInt8(at) + 1, at);
      expect(parseVerifierKey(near.toString('latin1')), String(at)).toBeUndefined();
    }
  });
});

describe.skipIf(sigstore.length === 0)('checkpoints and proofs of a public log', () => {
  it.each(sigstore)(
    '$name',
    ({ valid, origin, publicKeyRawBase64, leafDataBase64, leafIndex, proof, checkpoint }) => {
      expect(isProvedBy()).toBe(valid);

      /** Its key ids are derived in another way: the signature under the name of the log decides. */
      function isProvedBy(): boolean {
        const note = parseNote(checkpoint);
        const head = note && parseCheckpoint(note.text);
        if (!note || head?.origin !== origin) return false;
        const isSigned = note.signatures.some(
          ({ name, signature }) =>
            name === origin && isSignedBy(bytes(publicKeyRawBase64), Buffer.from(note.text), signature),
        );
        const leafHash = hashLeaf(bytes(leafDataBase64));
        const claim = {
          index: BigInt(leafIndex),
          size: head.size,
          root: head.rootHash,
          leafHash,
          proof: all(proof),
        };
        return isSigned && isIncluded(claim);
      }
    },
  );
});

describe.skipIf(!ed25519)('published edge cases of Ed25519', () => {
  it('are decided as published', () => {
    const wrong = (ed25519?.testGroups ?? []).flatMap(({ publicKey, tests }) =>
      tests
        .filter(({ msg, sig, result }) => {
          const key = Buffer.from(publicKey.pk, 'hex');
          const isSigned = isSignedBy(key, Buffer.from(msg, 'hex'), Buffer.from(sig, 'hex'));
          return isSigned !== (result === 'valid');
        })
        .map(({ tcId }) => tcId),
    );
    expect(wrong).toEqual([]);
  });
});

it('hashes a node as SHA-256(0x01 ‖ left ‖ right)', () => {
  const empty = hashLeaf(Buffer.alloc(0));
  const second = hashLeaf(Buffer.of(0));
  expect(hashNode(empty, second).toString('hex')).toBe(
    'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  );
});

/** Entries with a length of two bytes before each (C2SP tlog-tiles). */
function entriesOf(bundle: Buffer): Buffer[] {
  const entries: Buffer[] = [];
  for (let at = 0; at < bundle.length;) {
    const length = bundle.readUInt16BE(at);
    entries.push(bundle.subarray(at + 2, at + 2 + length));
    at += 2 + length;
  }
  return entries;
}
