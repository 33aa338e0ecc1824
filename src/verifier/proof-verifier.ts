import { readFileSync } from 'node:fs';
import { decodeBase64, decodeHash, decodeProof, decodeUtf8 } from './bytes.js';
import { isObject, type Members } from './canonical.js';
import { type Checkpoint, parseCheckpoint } from './checkpoint.js';
import { isCount } from './export-header.js';
import { Fault, placed } from './fault.js';
import { parseLeaf } from './leaf.js';
import { hashLeaf, isConsistent, rootOfInclusion } from './merkle.js';
import type { Remembered } from './remembered.js';
import { checkVouchers, type Trust, type Vouchers } from './trust.js';

/** What a single proof shows. */
export interface ProofFindings {
  readonly checkpoint: Checkpoint;
  readonly note: string;
  readonly vouchers: Vouchers;
  readonly events: number;
}

const TLOG_PROOF = 'c2sp.org/tlog-proof@v1\n';

/** A file that may be a proof, in JSON or as C2SP tlog-proof; undefined when it is neither. */
export function readProof(path: string): Members | undefined {
  const text = decodeUtf8(readFileSync(path));
  if (text?.startsWith(TLOG_PROOF)) return tlogProof(text.slice(TLOG_PROOF.length));
  try {
    const value: unknown = text === undefined ? undefined : JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** The leaf stands in the extra data of the proof. */
function tlogProof(text: string): Members | undefined {
  const [, leaf, index, proof = '', checkpoint] =
    /^extra (\S+)\nindex (\d+)\n((?:\S+\n)*)\n([^]*)$/.exec(text) ?? [];
  if (leaf === undefined || checkpoint === undefined) return undefined;
  return { leaf, index: Number(index), proof: proof.split('\n').slice(0, -1), checkpoint };
}

/**
 * Verifies one answer of the proofs endpoints: that an event is in the log, or that a log continues an earlier one.
 *
 * @throws Fault with the first thing that does not hold.
 */
export function verifyProof(
  proof: Members,
  trust: Trust,
  remember: (origin: string) => Remembered,
): ProofFindings {
  const { checkpoint: note } = proof;
  if (typeof note !== 'string' || !Array.isArray(proof['proof'])) {
    throw new Fault('not_an_export', 'the file is neither an export nor a proof');
  }
  const checkpoint = parseCheckpoint(Buffer.from(note, 'utf8'));
  const vouchers = checkVouchers(checkpoint, trust);
  const remembered = remember(checkpoint.origin);
  remembered.compare(checkpoint.size, checkpoint.rootHash);
  const isInclusion = 'leaf' in proof;
  if (isInclusion) checkInclusion(proof, checkpoint);
  else checkConsistency(proof, checkpoint, remembered);
  return { checkpoint, note, vouchers, events: isInclusion ? 1 : 0 };
}

function checkInclusion(
  { eventId, index, leaf, leafHash, proof }: Members,
  { size, rootHash }: Checkpoint,
): void {
  const bytes = decodeBase64(leaf);
  const expected = leafHash === undefined && bytes ? hashLeaf(bytes) : decodeHash(leafHash);
  const hashes = decodeProof(proof);
  if (!isCount(index) || !bytes || !expected || !hashes) {
    throw new Fault('line_malformed', 'a proof needs "index", "leaf", "leafHash", "proof" and "checkpoint"');
  }
  placed({ index }, () => {
    const { id } = parseLeaf(bytes);
    const hash = hashLeaf(bytes);
    placed({ eventId: id }, () => {
      if (!hash.equals(expected) || (eventId !== undefined && eventId !== id)) {
        throw new Fault('leaf_hash_differs', 'the leaf is not the one that the proof speaks of');
      }
      if (!rootOfInclusion(BigInt(index), size, hash, hashes)?.equals(rootHash)) {
        throw new Fault('proof_fails', 'the proof does not lead from the event to the checkpoint');
      }
    });
  });
}

function checkConsistency({ from, proof }: Members, checkpoint: Checkpoint, remembered: Remembered): void {
  const hashes = decodeProof(proof);
  if (!isCount(from) || !hashes) {
    throw new Fault('line_malformed', 'a proof of consistency needs "from", "proof" and "checkpoint"');
  }
  const known = remembered.at(BigInt(from));
  if (!known) {
    throw new Fault(
      'not_comparable',
      `no checkpoint of size ${from} is known; give it by --state or --anchor`,
    );
  }
  if (!isConsistent(known.size, checkpoint.size, known.rootHash, checkpoint.rootHash, hashes)) {
    throw new Fault('proof_fails', `the log does not continue the one of size ${from} in ${known.source}`);
  }
  remembered.compare(known.size, known.rootHash);
}
