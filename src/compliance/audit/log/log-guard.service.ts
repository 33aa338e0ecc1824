import { Injectable } from '@nestjs/common';
import type { Trx } from '../../../database/trx.js';
import type { CheckpointBody } from '../merkle/checkpoint.js';
import { TileMissingError, TileSet, tilesFor } from '../merkle/tiles.js';
import { LogAnchors } from './log-anchors.service.js';
import { parseLogOrigin } from './log-origin.js';
import type { LogHead, StoredCheckpoint } from './log-state.js';
import { LogStopped } from './log-stopped.js';
import { LogRepository } from './log.repository.js';

/** Compares what is stored with what was signed before, so that no log is continued from a wrong past. */
@Injectable()
export class LogGuard {
  /** By tenant: the anchored head that the stored log was found to contain. */
  private readonly contained = new Map<string, string>();

  constructor(
    private readonly anchors: LogAnchors,
    private readonly logs: LogRepository,
  ) {}

  /**
   * Requires that the log contains all that the anchor outside the database has seen of it.
   *
   * @throws LogStopped when the database lies behind, or has another past: a backup was restored, or rows were changed.
   */
  async requireAnchored(trx: Trx, head: LogHead): Promise<void> {
    const anchored = await this.anchors.latest(head.tenantId);
    const name = anchored && parseLogOrigin(anchored.origin);
    // Of another log the database cannot be behind: it is another database.
    if (!anchored || name?.logId !== head.logId) return;
    const size = Number(anchored.size);
    if (name.epoch > head.epoch || (name.epoch === head.epoch && size > head.size)) {
      throw new LogStopped(
        `the database holds ${head.size} events of epoch ${head.epoch}, its anchor ${size} of epoch ${name.epoch}`,
      );
    }
    if (name.epoch < head.epoch || this.contained.get(head.tenantId) === keyOf(anchored)) return;
    await this.requireRoot(trx, head, size, anchored.rootHash);
    this.contained.set(head.tenantId, keyOf(anchored));
  }

  /** Takes note that the stored log contains a checkpoint that was anchored now. */
  contains(checkpoint: StoredCheckpoint): void {
    const { tenantId, origin, size, rootHash } = checkpoint;
    this.contained.set(tenantId, keyOf({ origin, size: BigInt(size), rootHash }));
  }

  /** Requires that the first leaves of the stored tree have this root. @throws LogStopped */
  async requireRoot(trx: Trx, { tenantId }: LogHead, size: number, rootHash: Buffer): Promise<void> {
    if (size === 0) return;
    const range = { start: 0, end: size };
    const tiles = new TileSet(await this.logs.tiles(trx, tenantId, tilesFor([range])));
    try {
      if (tiles.hashOf(range).equals(rootHash)) return;
    } catch (error) {
      if (!(error instanceof TileMissingError)) throw error;
    }
    throw new LogStopped(`the stored tree of ${size} leaves is not the one that was recorded`);
  }
}

function keyOf({ origin, size, rootHash }: CheckpointBody): string {
  return `${origin} ${size} ${rootHash.toString('hex')}`;
}
