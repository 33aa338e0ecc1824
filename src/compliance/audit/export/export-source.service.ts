import { Injectable } from '@nestjs/common';
import { DatabaseService } from '../../../database/database.service.js';
import type { Trx } from '../../../database/trx.js';
import { type AuditQuery, AuditRepository, type AuditRow } from '../audit.repository.js';
import { LogRepository } from '../log/log.repository.js';
import { inclusionPath } from '../merkle/proof-paths.js';
import { joinSubtrees, subtreesOf } from '../merkle/subtrees.js';
import { TILE_WIDTH, TileSet, tilesFor } from '../merkle/tiles.js';
import type { StoredCheckpoint } from '../log/log-state.js';
import { SealedValues } from '../sealed/sealed-values.service.js';
import type { DisclosedValue, ExportColumns, ExportEvent } from './export-writer.js';
import { ExportRepository, type RunEnd } from './export.repository.js';

/** A hash that stands for the leaves which an export leaves out. */
export interface OuterNode {
  readonly level: number;
  readonly index: number;
  readonly hash: Buffer;
}

/** An event, or its hash alone where the leaf is not kept any more. */
export type ExportedPlace = ExportEvent | { readonly index: number; readonly hash: Buffer };

const PAGE = 500;
const BEFORE_ALL_IDS = '00000000-0000-0000-0000-000000000000';

/**
 * Reads what exports hold, a page at a time, each in a transaction of its own: sealed places never change, so that all
 * pages belong together however long the reader takes.
 */
@Injectable()
export class ExportSource {
  constructor(
    private readonly database: DatabaseService,
    private readonly trail: AuditRepository,
    private readonly exports: ExportRepository,
    private readonly logs: LogRepository,
    private readonly sealed: SealedValues,
  ) {}

  /** Every place from one index up to another. The hashes are those of the tiles, from which the root was computed. */
  async *stretch(tenantId: string, from: number, to: number): AsyncGenerator<ExportedPlace[]> {
    for (let at = from; at < to; at += PAGE) {
      const limit = Math.min(PAGE, to - at);
      yield await this.database.withTenant(tenantId, async (trx) => {
        const hashes = await this.leafHashes(trx, tenantId, at, at + limit);
        const rows = await this.trail.sealedPage(trx, tenantId, at, limit);
        const byIndex = new Map(rows.map((row) => [row.index, row]));
        return hashes.map((hash, offset) => {
          const row = byIndex.get(at + offset);
          const place = { index: at + offset, hash };
          return row && row.leaf !== null ? eventOf(place, row as AuditRow) : place;
        });
      });
    }
  }

  /** Every event that passes the filters, with its proof against the checkpoint of a size. */
  async *filtered(tenantId: string, query: AuditQuery, size: number): AsyncGenerator<ExportEvent[]> {
    for (let at = 0; at < size;) {
      const events = await this.database.withTenant(tenantId, async (trx) => {
        const rows = await this.exports.filteredPage(trx, tenantId, query, at, size, PAGE);
        const paths = rows.map(({ index }) => inclusionPath(index, size));
        const own = rows.map(({ index }) => ({ start: index, end: index + 1 }));
        const tiles = new TileSet(await this.logs.tiles(trx, tenantId, tilesFor([...paths.flat(), ...own])));
        return rows.map((row, n) => {
          const hash = tiles.hashOf({ start: row.index, end: row.index + 1 });
          const proof = (paths[n] ?? []).map((range) => tiles.hashOf(range));
          return eventOf({ index: row.index, hash }, row, proof);
        });
      });
      const last = events.at(-1);
      if (!last) return;
      yield events;
      at = last.index + 1;
    }
  }

  /** The personal values of events that are kept, by their places; those of people who were erased are left out. */
  async disclosed(
    tenantId: string,
    places: readonly ExportedPlace[],
  ): Promise<ReadonlyMap<number, DisclosedValue[]>> {
    const withValues = places.flatMap((place) => {
      const id = 'leaf' in place ? eventWithValues(place.leaf) : undefined;
      return id === undefined ? [] : [{ index: place.index, id }];
    });
    if (withValues.length === 0) return new Map();
    const ids = withValues.map(({ id }) => id);
    const values = await this.database.withTenant(tenantId, (trx) =>
      this.sealed.discloseAll(trx, tenantId, ids),
    );
    return new Map(
      withValues.flatMap(({ index, id }) => {
        const own = values.get(id);
        if (!own) return [];
        const shown = own.map(({ path, value, salt }) => ({
          f: path,
          value,
          salt,
        }));
        return [[index, shown] as const];
      }),
    );
  }

  /** Signed notes of the checkpoints that end with one of these places, by their sizes, up to another checkpoint. */
  async checkpoints(
    tenantId: string,
    places: readonly ExportedPlace[],
    upTo: StoredCheckpoint,
  ): Promise<ReadonlyMap<number, string>> {
    const [first] = places;
    if (!first) return new Map();
    const found = await this.database.withTenant(tenantId, (trx) =>
      this.logs.checkpointsAfter(trx, tenantId, first.index, places.length),
    );
    const within = found.filter(
      ({ epoch, size }) => epoch === upTo.epoch && size <= first.index + places.length && size < upTo.size,
    );
    return new Map(within.map(({ size, note }) => [size, note]));
  }

  /** The largest whole subtrees between two places. */
  nodes(tenantId: string, start: number, end: number): Promise<OuterNode[]> {
    return this.database.withTenant(tenantId, async (trx) => {
      const tiles = new TileSet(await this.logs.tiles(trx, tenantId, tilesFor([{ start, end }])));
      return subtreesOf({ start, end }).map(({ height, index }) => {
        const width = 2 ** height;
        const range = { start: index * width, end: (index + 1) * width };
        return { level: height, index, hash: tiles.hashOf(range) };
      });
    });
  }

  /** The root of the log when it had this size. */
  async rootAt(tenantId: string, size: number): Promise<Buffer> {
    const nodes = await this.nodes(tenantId, 0, size);
    return joinSubtrees(nodes.map(({ hash }) => hash));
  }

  /** The ends of the runs whose newest event stands between two places. */
  async *runEnds(tenantId: string, range: { from: number; to: number }): AsyncGenerator<RunEnd[]> {
    for (let after = BEFORE_ALL_IDS; ;) {
      const ends = await this.database.withTenant(tenantId, (trx) =>
        this.exports.runEnds(trx, tenantId, range, after, PAGE),
      );
      const last = ends.at(-1);
      if (!last) return;
      yield ends;
      after = last.id;
    }
  }

  private async leafHashes(trx: Trx, tenantId: string, from: number, to: number): Promise<Buffer[]> {
    const first = Math.floor(from / TILE_WIDTH);
    const last = Math.floor((to - 1) / TILE_WIDTH);
    const places = Array.from({ length: last - first + 1 }, (_, n) => ({ level: 0, index: first + n }));
    const tiles = new TileSet(await this.logs.tiles(trx, tenantId, places));
    return places.flatMap((place) => {
      const start = Math.max(from, place.index * TILE_WIDTH);
      const end = Math.min(to, (place.index + 1) * TILE_WIDTH);
      return tiles.entries(place, start % TILE_WIDTH, end - start);
    });
  }
}

/** The id of an event whose leaf commits to personal values. */
function eventWithValues(leaf: Buffer): string | undefined {
  if (!leaf.includes('"sealed":[{')) return undefined;
  const { id, sealed } = JSON.parse(leaf.toString('utf8')) as { id: string; sealed?: readonly unknown[] };
  return sealed?.length ? id : undefined;
}

function eventOf(
  { index, hash }: { index: number; hash: Buffer },
  row: AuditRow,
  proof?: readonly Buffer[],
): ExportEvent {
  return { index, hash, leaf: row.leaf, columns: columnsOf(row), ...(proof && { proof }) };
}

function columnsOf(row: AuditRow): ExportColumns {
  return {
    id: row.id,
    type: row.type,
    outcome: row.outcome,
    occurredAt: row.occurred_at.toISOString(),
    actorType: row.actor_type,
    actorRef: row.actor_ref,
    sessionId: row.session_id,
    runId: row.run_id,
    runSeq: row.run_seq,
    runPrev: row.run_prev?.toString('hex') ?? null,
  };
}
