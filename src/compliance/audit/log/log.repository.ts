import { Injectable } from '@nestjs/common';
import { type RawBuilder, sql } from 'kysely';
import type { Trx } from '../../../database/trx.js';
import type { Tile, TilePlace } from '../merkle/tiles.js';
import type { LoggedEvent, LogHead, StoredCheckpoint } from './log-state.js';

/** A record as it stands in the trail; `index` is null until it is sealed. */
export interface StoredEvent {
  readonly leaf: Buffer;
  readonly leafHash: Buffer;
  readonly index: number | null;
}

/** Reads a log. Row-level security of the transaction says whose; a tenant is named for transactions over all. */
@Injectable()
export class LogRepository {
  async head(trx: Trx, tenantId: string): Promise<LogHead | undefined> {
    const row = await trx
      .selectFrom('audit_head')
      .select(HEAD_COLUMNS)
      .where('tenant_id', '=', tenantId)
      .executeTakeFirst();
    return row && headOf(row);
  }

  /** The event by which the log of the instance says where this one stood. */
  async recordedEvent(trx: Trx, tenantId: string): Promise<string | undefined> {
    const row = await trx
      .selectFrom('audit_head')
      .select('recorded_event_id')
      .where('tenant_id', '=', tenantId)
      .executeTakeFirst();
    return row?.recorded_event_id ?? undefined;
  }

  /** The newest checkpoint, or the newest of this size. */
  async checkpoint(trx: Trx, tenantId: string, size?: number): Promise<StoredCheckpoint | undefined> {
    const { rows } = await sql<StoredCheckpoint>`
      select tenant_id as "tenantId", epoch, origin, size, root_hash as "rootHash", created_at as "createdAt",
             note || coalesce((select string_agg(line, '' order by signer) from audit_cosignature cosignature
                where (cosignature.tenant_id, cosignature.epoch, cosignature.size) =
                      (checkpoint.tenant_id, checkpoint.epoch, checkpoint.size)), '') as note
        from audit_checkpoint checkpoint
       where tenant_id = ${tenantId} and (${size ?? null}::bigint is null or size = ${size ?? null})
       order by epoch desc, checkpoint.size desc limit 1
    `.execute(trx);
    return rows[0];
  }

  /**
   * The newest checkpoint from before a time, or else the oldest; the oldest from after another, or else the newest.
   * Without cosignatures.
   */
  async checkpointsAround(
    trx: Trx,
    tenantId: string,
    from: Date,
    to: Date,
  ): Promise<[StoredCheckpoint?, StoredCheckpoint?]> {
    const nearest = async (condition: RawBuilder<unknown>, order: RawBuilder<unknown>) => {
      const { rows } = await sql<StoredCheckpoint>`
        select tenant_id as "tenantId", epoch, origin, size, root_hash as "rootHash", created_at as "createdAt", note
          from audit_checkpoint
         where tenant_id = ${tenantId} and ${condition}
         order by ${order} limit 1`.execute(trx);
      return rows[0];
    };
    const upward = sql`created_at, epoch, size`;
    const downward = sql`created_at desc, epoch desc, size desc`;
    return [
      (await nearest(sql`created_at <= ${from}`, downward)) ?? (await nearest(sql`true`, upward)),
      (await nearest(sql`created_at >= ${to}`, upward)) ?? (await nearest(sql`true`, downward)),
    ];
  }

  /** Checkpoints beyond a size, the smallest first, without cosignatures. */
  async checkpointsAfter(
    trx: Trx,
    tenantId: string,
    size: number,
    limit: number,
  ): Promise<StoredCheckpoint[]> {
    const { rows } = await sql<StoredCheckpoint>`
      select tenant_id as "tenantId", epoch, origin, size, root_hash as "rootHash", created_at as "createdAt", note
        from audit_checkpoint
       where tenant_id = ${tenantId} and size > ${size}
       order by size, epoch limit ${limit}
    `.execute(trx);
    return rows;
  }

  /** Tiles of these places, those that exist. */
  async tiles(trx: Trx, tenantId: string, places: readonly TilePlace[]): Promise<Tile[]> {
    if (places.length === 0) return [];
    const { rows } = await sql<Tile>`
      select tile.level, tile.index, tile.hashes
        from unnest(${places.map(({ level }) => level)}::smallint[], ${places.map(({ index }) => index)}::bigint[])
          as wanted (level, index)
        join audit_tile tile on tile.tenant_id = ${tenantId} and (tile.level, tile.index) = (wanted.level, wanted.index)
    `.execute(trx);
    return rows;
  }

  async eventById(trx: Trx, tenantId: string, eventId: string): Promise<LoggedEvent | undefined> {
    return (await this.events(trx, tenantId, sql`place.event_id = ${eventId}`))[0];
  }

  /** Those of these events that stand before a place of the log, by index. */
  eventsByIds(
    trx: Trx,
    tenantId: string,
    eventIds: readonly string[],
    before: number,
  ): Promise<LoggedEvent[]> {
    return this.events(
      trx,
      tenantId,
      sql`place.event_id = any(${eventIds}::uuid[]) and place.index < ${before}`,
    );
  }

  /** How many events wait, and since when the oldest does. */
  async backlog(trx: Trx, tenantId: string): Promise<{ pending: number; oldest: Date | null }> {
    const row = await trx
      .selectFrom('audit_pending')
      .select(({ fn }) => [
        fn.countAll<number>().as('pending'),
        fn.min<Date | null>('occurred_at').as('oldest'),
      ])
      .where('tenant_id', '=', tenantId)
      .executeTakeFirstOrThrow();
    return row;
  }

  /** The names the log has had, oldest first. */
  async origins(trx: Trx, tenantId: string): Promise<string[]> {
    const rows = await trx
      .selectFrom('audit_checkpoint')
      .select(['epoch', 'origin'])
      .distinct()
      .where('tenant_id', '=', tenantId)
      .orderBy('epoch')
      .execute();
    return rows.map(({ origin }) => origin);
  }

  /** An event of the trail, sealed or not. */
  async storedEvent(trx: Trx, tenantId: string, eventId: string): Promise<StoredEvent | undefined> {
    const { rows } = await sql<StoredEvent>`
      select event.leaf, event.leaf_hash as "leafHash", place.index
        from audit_event event left join audit_index place on place.event_id = event.id
       where event.tenant_id = ${tenantId} and event.id = ${eventId}
    `.execute(trx);
    return rows[0];
  }

  private async events(
    trx: Trx,
    tenantId: string,
    condition: ReturnType<typeof sql>,
  ): Promise<LoggedEvent[]> {
    const { rows } = await sql<{ index: number; eventId: string; leafHash: Buffer; leaf: Buffer | null }>`
      select place.index, place.event_id as "eventId", place.leaf_hash as "leafHash", event.leaf
        from audit_index place
        left join audit_event event on (event.tenant_id, event.id, event.occurred_at) = (place.tenant_id, place.event_id, place.occurred_at)
       where place.tenant_id = ${tenantId} and ${condition}
       order by place.index
    `.execute(trx);
    return rows.map(({ index, eventId, leafHash, leaf }) => ({
      index,
      eventId,
      leafHash,
      leaf: leaf ?? undefined,
    }));
  }
}

export const HEAD_COLUMNS = [
  'tenant_id',
  'log_id',
  'epoch',
  'origin',
  'size',
  'root_hash',
  'minimum_index',
] as const;

export function headOf(row: {
  tenant_id: string;
  log_id: string;
  epoch: number;
  origin: string;
  size: number;
  root_hash: Buffer;
  minimum_index: number;
}): LogHead {
  return {
    tenantId: row.tenant_id,
    logId: row.log_id,
    epoch: row.epoch,
    origin: row.origin,
    size: row.size,
    rootHash: row.root_hash,
    minimumIndex: row.minimum_index,
  };
}
