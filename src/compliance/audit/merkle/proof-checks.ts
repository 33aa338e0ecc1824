import { HASH_BYTES, hashNode } from './hash.js';

/** Sizes and indexes of a log go up to 2^64, beyond what numbers hold exactly. */
const LIMIT = 1n << 64n;

interface InclusionClaim {
  readonly index: bigint;
  readonly size: bigint;
  readonly leafHash: Buffer;
  readonly proof: readonly Buffer[];
  readonly root: Buffer;
}

/** Whether a proof shows that a leaf stands at an index of the tree with this root (RFC 9162 §2.1.3.2). */
export function isIncluded({ index, size, leafHash, proof, root }: InclusionClaim): boolean {
  if (index < 0n || index >= size || size >= LIMIT || !areHashes([leafHash, root, ...proof])) return false;
  let leaf = index;
  let last = size - 1n;
  let current = leafHash;
  for (const sibling of proof) {
    if (last === 0n) return false;
    if ((leaf & 1n) === 1n || leaf === last) {
      current = hashNode(sibling, current);
      while ((leaf & 1n) === 0n && leaf !== 0n) {
        leaf >>= 1n;
        last >>= 1n;
      }
    } else {
      current = hashNode(current, sibling);
    }
    leaf >>= 1n;
    last >>= 1n;
  }
  return last === 0n && current.equals(root);
}

interface ConsistencyClaim {
  readonly from: bigint;
  readonly to: bigint;
  readonly fromRoot: Buffer;
  readonly toRoot: Buffer;
  readonly proof: readonly Buffer[];
}

/** Whether a proof shows that the smaller tree is a prefix of the larger one (RFC 9162 §2.1.4.2). */
export function isConsistent({ from, to, fromRoot, toRoot, proof }: ConsistencyClaim): boolean {
  if (from <= 0n || from > to || to >= LIMIT) return false;
  if (from === to) return proof.length === 0 && fromRoot.equals(toRoot);
  if (!areHashes([fromRoot, toRoot, ...proof])) return false;
  // A complete old tree stands in the proof itself.
  const path = (from & (from - 1n)) === 0n ? [fromRoot, ...proof] : proof;
  const [first, ...rest] = path;
  if (!first || proof.length === 0) return false;
  let old = from - 1n;
  let last = to - 1n;
  while ((old & 1n) === 1n) {
    old >>= 1n;
    last >>= 1n;
  }
  let oldRoot = first;
  let newRoot = first;
  for (const sibling of rest) {
    if (last === 0n) return false;
    if ((old & 1n) === 1n || old === last) {
      oldRoot = hashNode(sibling, oldRoot);
      newRoot = hashNode(sibling, newRoot);
      while ((old & 1n) === 0n && old !== 0n) {
        old >>= 1n;
        last >>= 1n;
      }
    } else {
      newRoot = hashNode(newRoot, sibling);
    }
    old >>= 1n;
    last >>= 1n;
  }
  return last === 0n && oldRoot.equals(fromRoot) && newRoot.equals(toRoot);
}

function areHashes(values: readonly Buffer[]): boolean {
  return values.every((value) => value.length === HASH_BYTES);
}
