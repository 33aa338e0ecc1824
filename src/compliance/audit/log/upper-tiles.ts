import { type Tile, TILE_WIDTH, TileNodes, type TilePlace } from '../merkle/tiles.js';

/** Tiles held, some 30 KB each with their nodes. One covers at least 65,536 leaves of a log. */
const HELD = 256;

/**
 * Full tiles above the lowest level, which every proof of a log asks for again. A full tile never changes, except under
 * a database that was put back: whoever uses these checks what comes of it.
 */
export class UpperTiles {
  /** The one used last stands last. */
  private readonly held = new Map<string, TileNodes>();

  find(tenantId: string, place: TilePlace): TileNodes | undefined {
    const key = keyOf(tenantId, place);
    const nodes = this.held.get(key);
    if (!nodes) return undefined;
    this.held.delete(key);
    this.held.set(key, nodes);
    return nodes;
  }

  /** Keeps a tile if it is one of those. */
  keep(tenantId: string, { hashes, ...place }: Tile): TileNodes {
    const nodes = new TileNodes(hashes);
    if (place.level > 0 && nodes.width === TILE_WIDTH) {
      this.held.set(keyOf(tenantId, place), nodes);
      if (this.held.size > HELD) {
        const [oldest] = this.held.keys();
        this.held.delete(oldest as string);
      }
    }
    return nodes;
  }

  /** Forgets what is held of a log. */
  forget(tenantId: string): void {
    for (const key of this.held.keys()) if (key.startsWith(`${tenantId}/`)) this.held.delete(key);
  }
}

function keyOf(tenantId: string, { level, index }: TilePlace): string {
  return `${tenantId}/${level}/${index}`;
}
