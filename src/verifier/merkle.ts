import { sha256 } from './bytes.js';

const HASH_BYTES = 32;
/** Room for the usual leaf behind its prefix, so that none is made for each. */
const prefixed = Buffer.alloc(16_385);
const pair = Buffer.alloc(1 + 2 * HASH_BYTES, 1);

/** SHA-256(0x00 ‖ leaf), RFC 6962 §2.1. */
export function hashLeaf(leaf: Uint8Array): Buffer {
  if (leaf.length >= prefixed.length) return sha256(Buffer.concat([Buffer.of(0), leaf]));
  prefixed.set(leaf, 1);
  return sha256(prefixed.subarray(0, leaf.length + 1));
}

/** SHA-256(0x01 ‖ left ‖ right). */
function hashNode(left: Buffer, right: Buffer): Buffer {
  left.copy(pair, 1);
  right.copy(pair, 1 + HASH_BYTES);
  return sha256(pair);
}

/** A Merkle tree that grows to the right, by leaves or by whole subtrees; holds log2(size) hashes. */
export class GrowingTree {
  private readonly hashes: Buffer[] = [];
  private readonly levels: number[] = [];
  private grown = 0;

  get size(): number {
    return this.grown;
  }

  addLeaf(hash: Buffer): void {
    this.add(hash, 0);
  }

  /** @returns whether a subtree of 2^level leaves can stand here. */
  addSubtree(hash: Buffer, level: number): boolean {
    if (this.grown % 2 ** level !== 0 || !Number.isSafeInteger(this.grown + 2 ** level)) return false;
    this.add(hash, level);
    return true;
  }

  root(): Buffer {
    const last = this.hashes.at(-1);
    if (!last) return sha256(Buffer.alloc(0));
    let right = last;
    for (let at = this.hashes.length - 2; at >= 0; at--) right = hashNode(this.hashes[at] as Buffer, right);
    return right;
  }

  private add(hash: Buffer, level: number): void {
    let node = hash;
    let at = level;
    for (; this.levels.at(-1) === at; at++) {
      this.levels.pop();
      node = hashNode(this.hashes.pop() as Buffer, node);
    }
    this.hashes.push(node);
    this.levels.push(at);
    this.grown += 2 ** level;
  }
}

/** The root that an inclusion proof leads to (RFC 9162 §2.1.3.2); undefined when the proof cannot be one. */
export function rootOfInclusion(
  index: bigint,
  size: bigint,
  leafHash: Buffer,
  proof: readonly Buffer[],
): Buffer | undefined {
  if (index < 0n || index >= size || leafHash.length !== HASH_BYTES) return undefined;
  let node = index;
  let last = size - 1n;
  let hash = leafHash;
  for (const sibling of proof) {
    if (last === 0n || sibling.length !== HASH_BYTES) return undefined;
    if (isOdd(node) || node === last) {
      hash = hashNode(sibling, hash);
      for (; !isOdd(node) && node !== 0n; last >>= 1n) node >>= 1n;
    } else {
      hash = hashNode(hash, sibling);
    }
    node >>= 1n;
    last >>= 1n;
  }
  return last === 0n ? hash : undefined;
}

/** Whether the tree of the first size is the beginning of that of the second (RFC 9162 §2.1.4.2). */
export function isConsistent(
  first: bigint,
  second: bigint,
  firstRoot: Buffer,
  secondRoot: Buffer,
  proof: readonly Buffer[],
): boolean {
  if (first <= 0n || first > second || proof.some(({ length }) => length !== HASH_BYTES)) return false;
  if (first === second) return proof.length === 0 && firstRoot.equals(secondRoot);
  let node = first - 1n;
  let last = second - 1n;
  for (; isOdd(node); last >>= 1n) node >>= 1n;
  // A whole subtree is its own first hash, so the proof leaves it out.
  const [start, ...path] = node === 0n ? [firstRoot, ...proof] : proof;
  if (!start) return false;
  let firstHash = start;
  let secondHash = start;
  for (const sibling of path) {
    if (last === 0n) return false;
    if (isOdd(node) || node === last) {
      firstHash = hashNode(sibling, firstHash);
      secondHash = hashNode(sibling, secondHash);
      for (; !isOdd(node) && node !== 0n; last >>= 1n) node >>= 1n;
    } else {
      secondHash = hashNode(secondHash, sibling);
    }
    node >>= 1n;
    last >>= 1n;
  }
  return last === 0n && firstHash.equals(firstRoot) && secondHash.equals(secondRoot);
}

function isOdd(value: bigint): boolean {
  return (value & 1n) === 1n;
}
