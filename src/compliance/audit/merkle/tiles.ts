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
    places.set(keyOf({ level, index }), { level, index });
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

/** The hashes of a tile, and those of the nodes above them, each computed once. */
export class TileNodes {
  private readonly roots = new Map<number, Buffer>();

  constructor(private readonly hashes: Buffer) {}

  /** How many hashes there are. */
  get width(): number {
    return Math.floor(this.hashes.length / HASH_BYTES);
  }

  entry(offset: number): Buffer {
    return this.hashes.subarray(offset * HASH_BYTES, (offset + 1) * HASH_BYTES);
  }

  /** The root over a power of two of hashes, beginning at a multiple of it. */
  rootOf(offset: number, count: number): Buffer {
    if (count === 1) return this.entry(offset);
    // Nodes are counted as in a heap, the root of the whole tile being the first.
    const node = (TILE_WIDTH + offset) / count;
    const known = this.roots.get(node);
    if (known) return known;
    const half = count / 2;
    const root = hashNode(this.rootOf(offset, half), this.rootOf(offset + half, half));
    this.roots.set(node, root);
    return root;
  }
}

/** Tiles as they were read, and the hashes that can be computed from them. */
export class TileSet {
  private readonly byPlace: Map<string, TileNodes>;

  constructor(tiles: readonly Tile[]) {
    this.byPlace = new Map(tiles.map((tile) => [keyOf(tile), new TileNodes(tile.hashes)]));
  }

  has(place: TilePlace): boolean {
    return this.byPlace.has(keyOf(place));
  }

  put(place: TilePlace, nodes: TileNodes): void {
    this.byPlace.set(keyOf(place), nodes);
  }

  /** @throws TileMissingError */
  hashOf(range: LeafRange): Buffer {
    return joinSubtrees(subtreesOf(range).map((subtree) => this.hashOfSubtree(subtree)));
  }

  /** The first hashes of a tile. @throws TileMissingError */
  entries(place: TilePlace, offset: number, count: number): Buffer[] {
    const nodes = this.nodesOf(place, offset + count);
    return Array.from({ length: count }, (_, at) => nodes.entry(offset + at));
  }

  private hashOfSubtree(subtree: Subtree): Buffer {
    const { offset, count, ...place } = placeOf(subtree);
    return this.nodesOf(place, offset + count).rootOf(offset, count);
  }

  private nodesOf(place: TilePlace, width: number): TileNodes {
    const nodes = this.byPlace.get(keyOf(place));
    if (!nodes || nodes.width < width) {
      throw new TileMissingError(`tile ${keyOf(place)} lacks entry ${width - 1}`);
    }
    return nodes;
  }
}

function keyOf({ level, index }: TilePlace): string {
  return `${level}/${index}`;
}
