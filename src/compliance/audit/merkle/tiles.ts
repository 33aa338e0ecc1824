import { HASH_BYTES, hashNode } from './hash.js';
import { joinSubtrees, type LeafRange, type Subtree, subtreesOf } from './subtrees.js';

/** Hashes of one tile (C2SP tlog-tiles). */
export const TILE_WIDTH = 256;
/** Levels of the tree that one tile covers. */
const TILE_HEIGHT = 8;

/** The place of a tile: its entries are roots of complete subtrees of 256^level leaves. */
export interface TilePlace {
  readonly level: number;
  readonly index: number;
}

/** A tile with the hashes it has so far, at most 256. */
export interface Tile extends TilePlace {
  readonly hashes: Buffer;
}

/** The tile a complete subtree is computed from, and its entries there. */
function placeOf({ height, index }: Subtree): TilePlace & { offset: number; count: number } {
  const level = Math.floor(height / TILE_HEIGHT);
  const count = 2 ** (height % TILE_HEIGHT);
  const first = index * count;
  return { level, index: Math.floor(first / TILE_WIDTH), offset: first % TILE_WIDTH, count };
}

/** The tiles that hold what these ranges are computed from, each once. */
export function tilesFor(ranges: readonly LeafRange[]): TilePlace[] {
  const places = new Map<string, TilePlace>();
  for (const subtree of ranges.flatMap(subtreesOf)) {
    const { level, index } = placeOf(subtree);
    places.set(`${level}/${index}`, { level, index });
  }
  return [...places.values()];
}

/** The rightmost tiles of a tree: what is needed to compute its root and to add to it. */
export function edgeTiles(size: number): TilePlace[] {
  const places: TilePlace[] = [];
  for (let level = 0, entries = size; entries > 0; level++, entries = Math.floor(entries / TILE_WIDTH)) {
    if (entries % TILE_WIDTH > 0) places.push({ level, index: Math.floor(entries / TILE_WIDTH) });
  }
  return places;
}

/** A tile does not hold what the size of the tree says: the stored log is damaged. */
export class TileMissingError extends Error {
  override readonly name = 'TileMissingError';
}

/** Tiles as they were read, and the hashes that can be computed from them. */
export class TileSet {
  private readonly byPlace: ReadonlyMap<string, Buffer>;

  constructor(tiles: readonly Tile[]) {
    this.byPlace = new Map(tiles.map(({ level, index, hashes }) => [`${level}/${index}`, hashes]));
  }

  /** @throws TileMissingError */
  hashOf(range: LeafRange): Buffer {
    return joinSubtrees(subtreesOf(range).map((subtree) => this.hashOfSubtree(subtree)));
  }

  /** The first hashes of a tile. @throws TileMissingError */
  entries({ level, index }: TilePlace, offset: number, count: number): Buffer[] {
    const hashes = this.byPlace.get(`${level}/${index}`);
    if (!hashes || hashes.length < (offset + count) * HASH_BYTES) {
      throw new TileMissingError(`tile ${level}/${index} lacks entry ${offset + count - 1}`);
    }
    return Array.from({ length: count }, (_, at) =>
      hashes.subarray((offset + at) * HASH_BYTES, (offset + at + 1) * HASH_BYTES),
    );
  }

  private hashOfSubtree(subtree: Subtree): Buffer {
    const { offset, count, ...place } = placeOf(subtree);
    return rootOfComplete(this.entries(place, offset, count));
  }
}

/** The root over a power of two of hashes. */
function rootOfComplete(hashes: readonly Buffer[]): Buffer {
  let row = hashes;
  while (row.length > 1) {
    const above: Buffer[] = [];
    for (let at = 0; at < row.length; at += 2) above.push(hashNode(row[at] as Buffer, row[at + 1] as Buffer));
    row = above;
  }
  return row[0] as Buffer;
}
