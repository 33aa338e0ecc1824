import type { Trx } from '../../../database/trx.js';
import type { AuditVerifier } from '../audit-verifier.js';
import type { SealedRow } from '../audit.repository.js';
import { type CheckpointBody, formatCheckpoint } from '../merkle/checkpoint.js';
import { RightEdge } from '../merkle/right-edge.js';
import { parseNote } from '../merkle/signed-note.js';
import { edgeTiles, type Tile, TileMissingError } from '../merkle/tiles.js';
import type { LogHead, StoredCheckpoint } from './log-state.js';
import type { LogRepository } from './log.repository.js';

/** Checkpoints read at once. */
const PAGE = 2_000;

/** The tree over the leaf hashes of the index map, recomputed and held against tiles, checkpoints, anchor and head. */
export class StoredTree {
  private edge = new RightEdge();
  /** Checkpoints that the tree has not reached yet, the smallest first. */
  private ahead: StoredCheckpoint[] = [];
  private hasMoreAhead = true;
  /** The place that comes next; beyond the size once a place was empty. */
  private nextIndex = 0;

  /** @param anchored what a place outside the database holds of this log. */
  constructor(
    private readonly trx: Trx,
    private readonly tenantId: string,
    private readonly logs: LogRepository,
    private readonly verifier: AuditVerifier,
    private readonly anchored: CheckpointBody | undefined,
  ) {}

  get size(): number {
    return this.edge.size;
  }

  /** Where the next places are read from. */
  get next(): number {
    return this.nextIndex;
  }

  root(): Buffer {
    return this.edge.root();
  }

  /** Begins behind leaves that were checked before; at the first one when the tiles over those are not there. */
  async begin(from: number): Promise<void> {
    if (from === 0) return;
    try {
      this.edge = RightEdge.of(from, await this.logs.tiles(this.trx, this.tenantId, edgeTiles(from)));
      this.nextIndex = from;
    } catch (error) {
      if (!(error instanceof TileMissingError)) throw error;
      this.verifier.report(
        'tile_differs',
        null,
        null,
        `the tiles over the first ${from} leaves are not there`,
      );
    }
  }

  /** Adds the next places of the log. */
  async append(places: readonly SealedRow[]): Promise<void> {
    this.findGaps(places);
    const full: Tile[] = [];
    for (let at = 0; at < places.length;) {
      const left = places.length - at;
      const count = Math.min(left, (await this.nextMark()) - this.size);
      full.push(...this.edge.add(places.slice(at, at + count).map(({ sealed_hash }) => sealed_hash)));
      at += count;
      this.compareMarks();
    }
    await this.compareTiles(full);
  }

  /** Compares what is left when no more places follow: tiles that are not full, and the head. */
  async finish(head: LogHead | undefined): Promise<void> {
    await this.compareTiles(this.edge.partialTiles());
    if ((head?.size ?? 0) !== this.size || (head && !head.rootHash.equals(this.root()))) {
      const named = `the head names ${head?.size ?? 0} leaves`;
      this.verifier.report('head_differs', null, null, `${named}, ${this.size} give another root`);
    }
    if (this.anchored && Number(this.anchored.size) > this.size) {
      const known = `the anchor knows ${this.anchored.size} leaves`;
      this.verifier.report('anchor_differs', null, null, `${known}, the log holds ${this.size}`);
    }
    await this.nextMark();
    const beyond = this.ahead.find(({ epoch }) => epoch === head?.epoch);
    if (beyond) {
      const message = `a checkpoint of ${beyond.size} leaves was signed, the log holds ${this.size}`;
      this.verifier.report('checkpoint_differs', null, null, message);
    }
  }

  private findGaps(places: readonly SealedRow[]): void {
    for (const { index, event_id } of places) {
      if (index !== this.nextIndex) {
        this.verifier.report('index_missing', event_id, null, `place ${this.nextIndex} of the log is empty`);
      }
      this.nextIndex = index + 1;
    }
  }

  /** The next size at which there is something to compare with. */
  private async nextMark(): Promise<number> {
    if (this.ahead.length === 0 && this.hasMoreAhead) {
      this.ahead = await this.logs.checkpointsAfter(this.trx, this.tenantId, this.size, PAGE);
      this.hasMoreAhead = this.ahead.length === PAGE;
    }
    const anchor = Number(this.anchored?.size ?? 0);
    return Math.min(
      this.ahead[0]?.size ?? Number.POSITIVE_INFINITY,
      anchor > this.size ? anchor : Number.POSITIVE_INFINITY,
    );
  }

  private compareMarks(): void {
    while (this.ahead[0]?.size === this.size) {
      const checkpoint = this.ahead.shift() as StoredCheckpoint;
      if (!isWhatItSays(checkpoint) || !checkpoint.rootHash.equals(this.root())) {
        const message = `the checkpoint of ${this.size} leaves has another root`;
        this.verifier.report('checkpoint_differs', null, null, message);
      }
    }
    if (Number(this.anchored?.size ?? 0) === this.size && !this.anchored?.rootHash.equals(this.root())) {
      const message = `the anchor has another root of ${this.size} leaves`;
      this.verifier.report('anchor_differs', null, null, message);
    }
  }

  private async compareTiles(tiles: readonly Tile[]): Promise<void> {
    const stored = new Map(
      (await this.logs.tiles(this.trx, this.tenantId, tiles)).map((tile) => [placeOf(tile), tile.hashes]),
    );
    for (const tile of tiles) {
      if (stored.get(placeOf(tile))?.equals(tile.hashes)) continue;
      this.verifier.report(
        'tile_differs',
        null,
        null,
        `tile ${placeOf(tile)} is not over the leaves of the log`,
      );
    }
  }
}

function placeOf({ level, index }: Tile): string {
  return `${level}/${index}`;
}

/** Whether the columns of a checkpoint are those of its signed text. */
function isWhatItSays({ origin, size, rootHash, note }: StoredCheckpoint): boolean {
  return parseNote(note)?.text === formatCheckpoint({ origin, size: BigInt(size), rootHash });
}
