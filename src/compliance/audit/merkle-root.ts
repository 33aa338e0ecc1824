import { createHash } from 'node:crypto';

const NODE_PREFIX = Buffer.of(1);

/** The root of an RFC 6962 Merkle tree over leaf hashes that come one by one, in memory of log2(n) hashes. */
export class MerkleRoot {
  /** Roots of the complete subtrees so far, from the largest; their sizes are the bits of `size`. */
  private readonly subtrees: Buffer[] = [];
  private size = 0;

  /** How many leaves have been added. */
  get leafCount(): number {
    return this.size;
  }

  add(leafHash: Buffer): void {
    let node = leafHash;
    // Each trailing 1-bit of the old size is a complete subtree that the new leaf joins.
    for (let bits = this.size; bits % 2 === 1; bits = Math.floor(bits / 2)) {
      node = hashNode(this.subtrees.pop() as Buffer, node);
    }
    this.subtrees.push(node);
    this.size += 1;
  }

  /** The tree head; SHA-256 of nothing for an empty tree. */
  root(): Buffer {
    const [last, ...rest] = this.subtrees.toReversed();
    if (!last) return createHash('sha256').digest();
    return rest.reduce((right, left) => hashNode(left, right), last);
  }
}

function hashNode(left: Buffer, right: Buffer): Buffer {
  return createHash('sha256').update(NODE_PREFIX).update(left).update(right).digest();
}
