import { Injectable } from '@nestjs/common';
import { preparedText } from '../../../database/statement.js';
import type { Trx } from '../../../database/trx.js';
import { within } from '../../../database/within.js';
import { type Tile, TILE_WIDTH } from '../merkle/tiles.js';
import type { LoggedEvent, StoredCheckpoint } from './log-state.js';

/** What is asked for: an event, or a place of the log. */
export type Wanted = { readonly eventId: string } | { readonly index: number };

/** What a proof of inclusion is made of, all from one instant. */
export interface InclusionParts {
  /** Undefined when nothing of the kind has a place. */
  readonly event: LoggedEvent | undefined;
  /** Whether the event waits for its place. */
  readonly isWaiting: boolean;
  /** Undefined when there is none, or none of the size that was asked for. */
  readonly checkpoint: StoredCheckpoint | undefined;
  /** The tile that holds the leaf. */
  readonly tile: Tile | undefined;
}

/** Reads all that a proof needs in one round trip. */
@Injectable()
export class InclusionRepository {
  async parts(trx: Trx, tenantId: string, wanted: Wanted, treeSize?: number): Promise<InclusionParts> {
    const isEvent = 'eventId' in wanted;
    const kind = `${isEvent ? 'event' : 'place'}-${treeSize === undefined ? 'newest' : 'sized'}` as const;
    const values = [tenantId, isEvent ? wanted.eventId : String(wanted.index)];
    if (treeSize !== undefined) values.push(String(treeSize));
    const [row] = await within(trx)<Row>({ name: kind, text: TEXTS[kind], values });
    if (!row) throw new TypeError('a statement without a condition gave no row');
    return {
      event: row.index === null ? undefined : eventOf(row as PlacedRow),
      isWaiting: row.waiting ?? false,
      checkpoint: row.size === null ? undefined : checkpointOf(row as CheckpointRow),
      tile: tileOf(row),
    };
  }
}

/** Each branch is a text of its own, so that each has the plan that fits it. */
function textOf(place: string, waiting: string, size: string): string {
  return `
    with place as (select index, event_id, occurred_at, leaf_hash from audit_index where tenant_id = $1::uuid and ${place}),
    checkpoint as (
      select tenant_id, epoch, origin, size, root_hash, created_at, note from audit_checkpoint
       where tenant_id = $1::uuid ${size} order by epoch desc, size desc limit 1)
    select place.index, place.event_id, place.leaf_hash, event.leaf, ${waiting} as waiting,
           checkpoint.tenant_id, checkpoint.epoch, checkpoint.origin, checkpoint.size, checkpoint.root_hash, checkpoint.created_at,
           checkpoint.note || coalesce((select string_agg(line, '' order by signer) from audit_cosignature cosignature
              where (cosignature.tenant_id, cosignature.epoch, cosignature.size) =
                    (checkpoint.tenant_id, checkpoint.epoch, checkpoint.size)), '') as note,
           tile.hashes
      from (select) given
      left join place on true
      left join checkpoint on true
      left join lateral (select leaf from audit_event event
        where (event.tenant_id, event.id, event.occurred_at) = ($1::uuid, place.event_id, place.occurred_at)) event on true
      left join audit_tile tile on (tile.tenant_id, tile.level, tile.index) = ($1::uuid, 0, place.index / ${TILE_WIDTH})`;
}

const BY_EVENT = 'event_id = $2::uuid';
const BY_PLACE = 'index = $2::bigint';
const WAITING = `place.index is null and exists (select from audit_pending where tenant_id = $1::uuid and ${BY_EVENT})`;
const SIZED = 'and size = $3::bigint';

const TEXTS = {
  'event-newest': preparedText('proof:event-newest', textOf(BY_EVENT, WAITING, '')),
  'event-sized': preparedText('proof:event-sized', textOf(BY_EVENT, WAITING, SIZED)),
  'place-newest': preparedText('proof:place-newest', textOf(BY_PLACE, 'false', '')),
  'place-sized': preparedText('proof:place-sized', textOf(BY_PLACE, 'false', SIZED)),
};

interface PlacedRow {
  readonly index: number;
  readonly event_id: string;
  readonly leaf_hash: Buffer;
  readonly leaf: Buffer | null;
}

interface CheckpointRow {
  readonly tenant_id: string;
  readonly epoch: number;
  readonly origin: string;
  readonly size: number;
  readonly root_hash: Buffer;
  readonly created_at: Date;
  readonly note: string;
}

type MaybeNull<T> = { readonly [K in keyof T]: T[K] | null };

interface Row extends MaybeNull<PlacedRow>, MaybeNull<CheckpointRow> {
  readonly waiting: boolean | null;
  readonly hashes: Buffer | null;
}

function eventOf(row: PlacedRow): LoggedEvent {
  return { index: row.index, eventId: row.event_id, leafHash: row.leaf_hash, leaf: row.leaf ?? undefined };
}

function checkpointOf(row: CheckpointRow): StoredCheckpoint {
  const { tenant_id: tenantId, epoch, origin, size, root_hash: rootHash, created_at: createdAt, note } = row;
  return { tenantId, epoch, origin, size, rootHash, createdAt, note };
}

function tileOf({ index, hashes }: Row): Tile | undefined {
  if (index === null || !hashes) return undefined;
  return { level: 0, index: Math.floor(index / TILE_WIDTH), hashes };
}
