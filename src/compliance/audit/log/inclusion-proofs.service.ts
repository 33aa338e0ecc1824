import { Injectable } from '@nestjs/common';
import type { Trx } from '../../../database/trx.js';
import { AppError } from '../../../kernel/app-error.js';
import { isIncluded } from '../merkle/proof-checks.js';
import { inclusionPath } from '../merkle/proof-paths.js';
import { type Tile, TILE_WIDTH, type TilePlace, TileSet, tilesFor } from '../merkle/tiles.js';
import type { PlaceProof } from './inclusion-proof.js';
import { InclusionRepository, type Wanted } from './inclusion.repository.js';
import type { LoggedEvent, StoredCheckpoint } from './log-state.js';
import { LogRepository } from './log.repository.js';
import { KnownTiles } from './known-tiles.js';

/** Makes proofs of inclusion with one statement each, and another where shared tiles of a log are not at hand. */
@Injectable()
export class InclusionProofs {
  private readonly known = new KnownTiles();

  constructor(
    private readonly repository: InclusionRepository,
    private readonly logs: LogRepository,
  ) {}

  /**
   * @param treeSize size of a stored checkpoint; the newest when absent.
   * @returns `pending` while no checkpoint covers it, undefined when there is no such event or place.
   * @throws AppError AUDIT_CHECKPOINT_NOT_FOUND
   */
  async prove(
    trx: Trx,
    tenantId: string,
    wanted: Wanted,
    treeSize?: number,
  ): Promise<PlaceProof | 'pending' | undefined> {
    const { event, isWaiting, checkpoint, tile } = await this.repository.parts(
      trx,
      tenantId,
      wanted,
      treeSize,
    );
    if (!event) return isWaiting ? 'pending' : undefined;
    if (!checkpoint && treeSize !== undefined) throw new AppError('AUDIT_CHECKPOINT_NOT_FOUND');
    if (!checkpoint || event.index >= checkpoint.size) return 'pending';
    const proof = await this.path(trx, tenantId, event, checkpoint, tile);
    return { ...event, proof, checkpoint };
  }

  private async path(
    trx: Trx,
    tenantId: string,
    event: LoggedEvent,
    checkpoint: StoredCheckpoint,
    tile: Tile | undefined,
  ): Promise<Buffer[]> {
    const proof = await this.hashes(trx, tenantId, event, checkpoint, tile);
    if (holds(event, checkpoint, proof)) return proof;
    // Either the database was put back, or the proof does not hold: then it is given as it is, for others to see.
    this.known.forget(tenantId);
    return this.hashes(trx, tenantId, event, checkpoint, tile);
  }

  private async hashes(
    trx: Trx,
    tenantId: string,
    { index }: LoggedEvent,
    { size }: StoredCheckpoint,
    tile: Tile | undefined,
  ): Promise<Buffer[]> {
    const path = inclusionPath(index, size);
    const set = new TileSet(tile ? [tile] : []);
    const unread = tilesFor(path).filter((place) => {
      if (set.has(place)) return false;
      const nodes = this.known.find(tenantId, place, widthOf(place, size));
      if (nodes) set.put(place, nodes);
      return !nodes;
    });
    for (const read of await this.logs.tiles(trx, tenantId, unread)) {
      set.put(read, this.known.keep(tenantId, read));
    }
    return path.map((range) => set.hashOf(range));
  }
}

/** How many hashes a tile has in a tree of this size. */
function widthOf({ level, index }: TilePlace, size: number): number {
  return Math.min(TILE_WIDTH, Math.floor(size / TILE_WIDTH ** level) - index * TILE_WIDTH);
}

function holds(
  { index, leafHash }: LoggedEvent,
  { size, rootHash }: StoredCheckpoint,
  proof: Buffer[],
): boolean {
  return isIncluded({ index: BigInt(index), size: BigInt(size), leafHash, proof, root: rootHash });
}
