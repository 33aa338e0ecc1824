import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hashLeaf } from '../audit-leaf.js';
import { HASH_BYTES } from './hash.js';
import { isConsistent, isIncluded } from './proof-checks.js';
import { consistencyPath, inclusionPath } from './proof-paths.js';
import { RightEdge } from './right-edge.js';
import { parseTilePath, tilePath } from './tile-path.js';
import { edgeTiles, type Tile, TILE_WIDTH, TileMissingError, TileSet, tilesFor } from './tiles.js';

const LARGEST = 2_000;
const LEAVES = Array.from({ length: LARGEST }, (_, index) => hashLeaf(Buffer.from(`leaf ${index}`)));

/** Tiles as a log stores them: the largest of each place. */
class Store {
  private readonly byPlace = new Map<string, Tile>();

  put(tiles: readonly Tile[]): void {
    for (const tile of tiles) {
      const before = this.byPlace.get(`${tile.level}/${tile.index}`)?.hashes ?? Buffer.alloc(0);
      // What a tile holds never changes.
      if (!tile.hashes.subarray(0, before.length).equals(before)) throw new Error('a tile was rewritten');
      this.byPlace.set(`${tile.level}/${tile.index}`, tile);
    }
  }

  get(places: readonly { level: number; index: number }[]): Tile[] {
    return places.flatMap(({ level, index }) => this.byPlace.get(`${level}/${index}`) ?? []);
  }
}

/** The roots of all sizes up to the largest, and the tiles of the whole tree. */
const store = new Store();
const ROOTS: Buffer[] = [];
const whole = new RightEdge();
ROOTS.push(whole.root());
for (const leaf of LEAVES) {
  store.put(whole.append([leaf]));
  ROOTS.push(whole.root());
}

function proofOf(path: readonly { start: number; end: number }[]): Buffer[] {
  const tiles = new TileSet(store.get(tilesFor(path)));
  return path.map((range) => tiles.hashOf(range));
}

const rootOf = (of: number) => present(ROOTS.at(of));
const leafOf = (index: number) => present(LEAVES.at(index));

function inclusion(index: number, size: number) {
  return {
    index: BigInt(index),
    size: BigInt(size),
    leafHash: leafOf(index),
    proof: proofOf(inclusionPath(index, size)),
    root: rootOf(size),
  };
}

function consistency(from: number, to: number) {
  return {
    from: BigInt(from),
    to: BigInt(to),
    fromRoot: rootOf(from),
    toRoot: rootOf(to),
    proof: proofOf(consistencyPath(from, to)),
  };
}

/** Tries a property on many values; what breaks it is told with the smallest of them. */
function expectProperty<T>(property: fc.IProperty<T>, parameters?: fc.Parameters<T>): void {
  expect(() => fc.assert(property, parameters)).not.toThrow();
}

function present<T>(value: T | undefined): T {
  if (value === undefined) throw new RangeError('not there');
  return value;
}

/** A hash with one bit turned. */
function turned(hash: Buffer, bit: number): Buffer {
  const other = Buffer.from(hash);
  other.writeUInt8(other.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
  return other;
}

const size = fc.integer({ min: 1, max: LARGEST });
const bit = fc.nat(HASH_BYTES * 8 - 1);
const sizeAndIndex = size.chain((to) => fc.tuple(fc.nat(to - 1), fc.constant(to)));
const twoSizes = size.chain((to) => fc.tuple(fc.integer({ min: 1, max: to }), fc.constant(to)));

describe('proofs from the tiles of one growing tree', () => {
  it('hold for every leaf and every pair of sizes up to 70', () => {
    for (let to = 1; to <= 70; to++) {
      for (let from = 1; from <= to; from++) {
        expect(isConsistent(consistency(from, to)), `${from} to ${to}`).toBe(true);
        expect(isIncluded(inclusion(from - 1, to)), `${from - 1} in ${to}`).toBe(true);
      }
    }
  });

  it('hold for any size', () => {
    expectProperty(fc.property(sizeAndIndex, ([index, to]) => isIncluded(inclusion(index, to))));
    expectProperty(fc.property(twoSizes, ([from, to]) => isConsistent(consistency(from, to))));
  });

  it('hold across the edges of tiles', () => {
    for (const to of [255, 256, 257, 511, 512, 513, 1_024, 1_999]) {
      for (const index of [0, 1, 254, 255, 256, to - 1].filter((each) => each < to)) {
        expect(isIncluded(inclusion(index, to)), `${index} in ${to}`).toBe(true);
      }
      for (const from of [1, 255, 256, 257, to].filter((each) => each <= to)) {
        expect(isConsistent(consistency(from, to)), `${from} to ${to}`).toBe(true);
      }
    }
  });

  it('of inclusion are refused with any one bit changed', () => {
    expectProperty(
      fc.property(sizeAndIndex, fc.nat(), bit, ([index, to], which, at) => {
        const claim = inclusion(index, to);
        const hashes = [claim.leafHash, claim.root, ...claim.proof];
        const chosen = which % hashes.length;
        const [leafHash, root, ...proof] = hashes.map((hash, place) =>
          place === chosen ? turned(hash, at) : hash,
        ) as [Buffer, Buffer, ...Buffer[]];
        return !isIncluded({ ...claim, leafHash, root, proof });
      }),
    );
  });

  it('of consistency are refused with any one bit changed', () => {
    expectProperty(
      fc.property(twoSizes, fc.nat(), bit, ([from, to], which, at) => {
        const claim = consistency(from, to);
        const hashes = [claim.fromRoot, claim.toRoot, ...claim.proof];
        const chosen = which % hashes.length;
        const [fromRoot, toRoot, ...proof] = hashes.map((hash, place) =>
          place === chosen ? turned(hash, at) : hash,
        ) as [Buffer, Buffer, ...Buffer[]];
        return !isConsistent({ ...claim, fromRoot, toRoot, proof });
      }),
    );
  });

  it('are refused with a hash too many or too few, or for another place', () => {
    expectProperty(
      fc.property(sizeAndIndex, ([index, to]) => {
        const claim = inclusion(index, to);
        const longer = [...claim.proof, leafOf(0)];
        return (
          !isIncluded({ ...claim, proof: longer }) &&
          (claim.proof.length === 0 || !isIncluded({ ...claim, proof: claim.proof.slice(1) })) &&
          !isIncluded({ ...claim, index: claim.index + 1n })
        );
      }),
    );
    expectProperty(
      fc.property(twoSizes, ([from, to]) => {
        const claim = consistency(from, to);
        return (
          !isConsistent({ ...claim, proof: [...claim.proof, leafOf(0)] }) &&
          (claim.proof.length === 0 || !isConsistent({ ...claim, proof: claim.proof.slice(1) }))
        );
      }),
    );
  });

  it.each([2n ** 63n, 2n ** 64n - 1n, 2n ** 64n, 2n ** 70n])(
    'of size %d are answered, and refused',
    (huge) => {
      const proof = Array.from({ length: 63 }, (_, at) => leafOf(at));
      const hashes = { leafHash: leafOf(0), root: leafOf(1) };
      for (const index of [0n, huge - 1n, huge, -1n]) {
        expect(isIncluded({ ...hashes, index, size: huge, proof })).toBe(false);
      }
      for (const from of [0n, 1n, huge - 1n, huge]) {
        expect(isConsistent({ from, to: huge, fromRoot: leafOf(0), toRoot: leafOf(1), proof })).toBe(false);
      }
    },
  );

  it('are not made for sizes beyond exact numbers, or places that are not there', () => {
    expect(() => inclusionPath(0, 2 ** 53)).toThrow(RangeError);
    expect(() => consistencyPath(1, 2 ** 53)).toThrow(RangeError);
    expect(() => inclusionPath(3, 3)).toThrow(RangeError);
    expect(() => inclusionPath(-1, 3)).toThrow(RangeError);
    expect(() => consistencyPath(0, 3)).toThrow(RangeError);
    expect(() => consistencyPath(4, 3)).toThrow(RangeError);
  });
});

describe('the right edge', () => {
  it('is the same tree however leaves are added, and wherever it is taken up', () => {
    expectProperty(
      fc.property(fc.nat(LARGEST), fc.nat(LARGEST), (one, other) => {
        const [first, second] = [Math.min(one, other), Math.max(one, other)];
        const edge = RightEdge.of(first, trimmed(first));
        expect(edge.root().equals(rootOf(first))).toBe(true);
        edge.append(LEAVES.slice(first, second));
        expect(edge.size).toBe(second);
        expect(edge.root().equals(rootOf(second))).toBe(true);
        expect(edge.partialTiles()).toEqual(trimmed(second));
      }),
      { numRuns: 60 },
    );
  });

  it('is not taken up from tiles that lack something', () => {
    expect(() => RightEdge.of(300, [])).toThrow(TileMissingError);
    const [tile] = trimmed(300) as [Tile, Tile];
    expect(() => RightEdge.of(300, [tile])).toThrow(TileMissingError);
  });

  /** The tiles at the edge of a tree of this size, as they stood then. */
  function trimmed(count: number): Tile[] {
    return edgeTiles(count).map((place) => {
      const width = Math.floor(count / TILE_WIDTH ** place.level) % TILE_WIDTH;
      const [tile] = store.get([place]);
      return {
        level: place.level,
        index: place.index,
        hashes: present(tile).hashes.subarray(0, width * HASH_BYTES),
      };
    });
  }
});

describe('the path of a tile', () => {
  it.each([
    ['0/000', { level: 0, index: 0, width: 256 }],
    ['0/000.p/1', { level: 0, index: 0, width: 1 }],
    ['2/x001/x234/067', { level: 2, index: 1_234_067, width: 256 }],
    ['1/x123/456.p/255', { level: 1, index: 123_456, width: 255 }],
  ])('%s names a tile', (path, named) => {
    expect(parseTilePath(path)).toEqual(named);
    expect(tilePath(named)).toBe(path);
  });

  it.each([
    '',
    '0',
    '0/0',
    '0/00',
    '0/0000',
    '00/000',
    '64/000',
    '0/x000/001',
    '0/001/002',
    '0/x001',
    '0/000.p/0',
    '0/000.p/256',
    '0/000.p/01',
    '-1/000',
    '0/000/',
    '0/x999/x999/x999/x999/x999/999',
  ])('%s names none', (path) => {
    expect(parseTilePath(path)).toBeUndefined();
  });
});
