import { type Tile, TileNodes, type TilePlace } from '../merkle/tiles.js';

/** Tiles held, some 30 KB each with their nodes. A log has one or two on each level that proofs ask for again and again. */
const HELD = 512;

/**
 * Tiles that every proof of a log asks for again: those above the lowest level, and those at the right edge. A tile only
 * grows, except under a database that was put back: whoever uses these checks what comes of it.
 */
export class KnownTiles {
  /** The one used last stands last. */
  private readonly held = new Map<string, TileNodes>();

  /** The tile, if it is held with so many hashes. */
  find(tenantId: string, place: TilePlace, width: number): TileNodes | undefined {
    const key = keyOf(tenantId, place);
    const nodes = this.held.get(key);
    if (!nodes || nodes.width < width) return undefined;
    this.held.delete(key);
    this.held.set(key, nodes);
    return nodes;
  }

  keep(tenantId: string, { hashes, ...place }: Tile): TileNodes {
    const nodes = new TileNodes(hashes);
    const key = keyOf(tenantId, place);
    this.held.delete(key);
    this.held.set(key, nodes);
    if (this.held.size > HELD) {
      const [oldest] = this.held.keys();
      this.held.delete(oldest as string);
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
