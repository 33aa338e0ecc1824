import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { hashLeaf } from '../audit-leaf.js';
import { RightEdge } from './right-edge.js';

const LEAVES = [
  '',
  '00',
  '10',
  '2021',
  '3031',
  '40414243',
  '5051525354555657',
  '606162636465666768696a6b6c6d6e6f',
];

/** Roots of the tree over the first 1, 2, … of these leaves: the reference tree of Certificate Transparency. */
const ROOTS = [
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
];

function treeOf(leafHashes: readonly Buffer[]): RightEdge {
  const tree = new RightEdge();
  tree.append(leafHashes);
  return tree;
}

describe('the Merkle root', () => {
  it('of nothing is the hash of nothing', () => {
    expect(new RightEdge().root().toString('hex')).toBe(
      'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    );
  });

  it.each(ROOTS.map((root, index) => [index + 1, root] as const))(
    'over %d leaves is that of the reference tree',
    (size, root) => {
      const tree = treeOf(LEAVES.slice(0, size).map((leaf) => hashLeaf(Buffer.from(leaf, 'hex'))));
      expect(tree.root().toString('hex')).toBe(root);
      expect(tree.size).toBe(size);
    },
  );

  it('is that of the recursive definition (RFC 6962, section 2.1) for every size', () => {
    const hashes = Array.from({ length: 130 }, (_, index) => hashLeaf(Buffer.from(`leaf ${index}`)));
    for (let size = 1; size <= hashes.length; size++) {
      const some = hashes.slice(0, size);
      expect(treeOf(some).root().equals(rootByDefinition(some))).toBe(true);
    }
  });

  it('may be asked for between leaves', () => {
    const hashes = Array.from({ length: 9 }, (_, index) => hashLeaf(Buffer.of(index)));
    const tree = new RightEdge();
    for (const [index, hash] of hashes.entries()) {
      tree.append([hash]);
      expect(tree.root()).toEqual(rootByDefinition(hashes.slice(0, index + 1)));
    }
  });

  it('differs when leaves change places', () => {
    const [a, b] = [hashLeaf(Buffer.of(1)), hashLeaf(Buffer.of(2))];
    expect(treeOf([a, b]).root()).not.toEqual(treeOf([b, a]).root());
  });
});

function rootByDefinition(hashes: readonly Buffer[]): Buffer {
  const [only] = hashes;
  if (hashes.length === 1 && only) return only;
  let split = 1;
  while (split * 2 < hashes.length) split *= 2;
  return createHash('sha256')
    .update(Buffer.of(1))
    .update(rootByDefinition(hashes.slice(0, split)))
    .update(rootByDefinition(hashes.slice(split)))
    .digest();
}
