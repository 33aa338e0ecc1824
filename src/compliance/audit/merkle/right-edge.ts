import { EMPTY_ROOT, hashNode } from './hash.js';
import { joinSubtrees } from './subtrees.js';
import { edgeTiles, type Tile, TILE_WIDTH, TileSet } from './tiles.js';

/** The tile of one level that is not full yet. */
interface EdgeTile {
  readonly index: number;
  readonly hashes: Buffer[];
  /** Roots of the complete subtrees over these hashes, the largest first; their sizes are the bits of the number. */
  readonly peaks: Buffer[];
}

/** The right edge of a tree in tiles: all that is needed to add leaves and to know the root. */
export class RightEdge {
  private readonly levels: EdgeTile[] = [];
  private count = 0;

  /**
   * Takes up a tree from its rightmost tiles (see {@link edgeTiles}).
   *
   * @throws TileMissingError when they do not hold a tree of this size.
   */
  static of(size: number, tiles: readonly Tile[]): RightEdge {
    const edge = new RightEdge();
    const stored = new TileSet(tiles);
    edge.count = size;
    for (let entries = size; entries > 0; entries = Math.floor(entries / TILE_WIDTH)) {
      edge.levels.push({ index: Math.floor(entries / TILE_WIDTH), hashes: [], peaks: [] });
    }
    for (const place of edgeTiles(size)) {
      const width = Math.floor(size / TILE_WIDTH ** place.level) % TILE_WIDTH;
      for (const hash of stored.entries(place, 0, width)) add(edge.levels[place.level] as EdgeTile, hash);
    }
    return edge;
  }

  /** How many leaves the tree has. */
  get size(): number {
    return this.count;
  }

  /** Adds leaves. @returns the tiles that are new or have grown. */
  append(leafHashes: readonly Buffer[]): Tile[] {
    const full = this.add(leafHashes);
    // A level above has grown only where a tile below it is full now.
    const grown = this.levels.flatMap((_, level) =>
      level === 0 || full.some((tile) => tile.level === level - 1) ? this.partial(level) : [],
    );
    return [...full, ...grown];
  }

  /** Adds leaves. @returns the tiles that are full now. */
  add(leafHashes: readonly Buffer[]): Tile[] {
    const full: Tile[] = [];
    for (const leafHash of leafHashes) this.push(0, leafHash, full);
    this.count += leafHashes.length;
    return full;
  }

  /** The tiles that are not full. */
  partialTiles(): Tile[] {
    return this.levels.flatMap((_, level) => this.partial(level));
  }

  /** RFC 6962 root of all leaves. */
  root(): Buffer {
    if (this.count === 0) return EMPTY_ROOT;
    // From the highest level, whose subtrees are the largest and stand leftmost.
    return joinSubtrees(this.levels.toReversed().flatMap(({ peaks }) => peaks));
  }

  private partial(level: number): Tile[] {
    const { index, hashes } = this.levels[level] as EdgeTile;
    return hashes.length > 0 ? [{ level, index, hashes: Buffer.concat(hashes) }] : [];
  }

  private push(level: number, hash: Buffer, full: Tile[]): void {
    const edge = (this.levels[level] ??= { index: 0, hashes: [], peaks: [] });
    add(edge, hash);
    if (edge.hashes.length < TILE_WIDTH) return;
    full.push({ level, index: edge.index, hashes: Buffer.concat(edge.hashes) });
    this.levels[level] = { index: edge.index + 1, hashes: [], peaks: [] };
    // A full tile has one peak, which is an entry of the tile above.
    this.push(level + 1, edge.peaks[0] as Buffer, full);
  }
}

function add({ hashes, peaks }: EdgeTile, hash: Buffer): void {
  let node = hash;
  // Each trailing 1-bit of the old number is a complete subtree that the new hash joins.
  for (let bits = hashes.length; bits % 2 === 1; bits = Math.floor(bits / 2)) {
    node = hashNode(peaks.pop() as Buffer, node);
  }
  peaks.push(node);
  hashes.push(hash);
}
