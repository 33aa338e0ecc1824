import { Injectable } from '@nestjs/common';
import { sql } from 'kysely';
import { byteaText, preparedText } from '../../../database/statement.js';
import type { Trx } from '../../../database/trx.js';
import { within } from '../../../database/within.js';
import { EMPTY_ROOT } from '../merkle/hash.js';
import type { Tile } from '../merkle/tiles.js';
import { type LogHead, type StoredCheckpoint, SYSTEM_LOG_TENANT_ID } from './log-state.js';
import { HEAD_COLUMNS, headOf } from './log.repository.js';

/** An event that waits for its place. */
export interface PendingEvent {
  readonly seq: number;
  readonly eventId: string;
  readonly occurredAt: Date;
  /** Null when the event itself is gone. */
  readonly leafHash: Buffer | null;
}

/** An event that gets its place now. */
export type PresentEvent = PendingEvent & { readonly leafHash: Buffer };

/** What a log has grown by: the next events behind its head, and the tree over all of them. */
export interface Growth {
  readonly head: LogHead;
  readonly events: readonly PresentEvent[];
  /** Those that are new or have grown. */
  readonly tiles: readonly Tile[];
  readonly rootHash: Buffer;
}

/** The oldest event that waits, of a tenant that has one. */
export interface TenantQueue {
  readonly tenantId: string;
  readonly oldestSeq: number;
}

/** Where the log of a tenant stood, for the log of the instance. */
export interface RecordedHead {
  readonly tenantId: string;
  readonly epoch: number;
  readonly size: number;
  readonly origin: string;
  readonly rootHash: Buffer;
}

/** The newest checkpoint of a log that has been idle. */
export interface SilentCheckpoint {
  readonly tenantId: string;
  readonly epoch: number;
  readonly size: number;
  readonly note: string;
}

/** The newest checkpoint of a log that a witness has not cosigned. */
export interface UnwitnessedCheckpoint extends SilentCheckpoint {
  /** Size of the last checkpoint of this epoch that it has cosigned; 0 = none. */
  readonly seen: number;
}

/** The newest checkpoint of a log. */
export interface NewestCheckpoint {
  readonly tenantId: string;
  readonly origin: string;
  readonly size: number;
  /** The signed note. */
  readonly note: string;
}

/** Moves logs on. For transactions of `DatabaseService.withSequencer`. */
@Injectable()
export class SequencerRepository {
  /** Every tenant with events that wait: one step in the index for each. */
  queues(trx: Trx): Promise<TenantQueue[]> {
    return within(trx)<TenantQueue>({ name: 'queues', text: QUEUES, values: [] });
  }

  /** Those of these tenants that have no log yet. */
  async withoutHead(trx: Trx, tenantIds: readonly string[]): Promise<string[]> {
    const { rows } = await sql<{ id: string }>`
      select given.id from unnest(${tenantIds}::uuid[]) given (id)
       where not exists (select from audit_head where tenant_id = given.id) order by given.id
    `.execute(trx);
    return rows.map(({ id }) => id);
  }

  /** Makes the log of a tenant where there is none. */
  async ensureHead(trx: Trx, tenantId: string, logId: string, origin: string): Promise<void> {
    await trx
      .insertInto('audit_head')
      .values({
        tenant_id: tenantId,
        log_id: logId,
        origin,
        size: 0,
        root_hash: EMPTY_ROOT,
        minimum_index: 0,
        sealed_at: null,
        recorded_size: 0,
      })
      .onConflict((conflict) => conflict.doNothing())
      .execute();
  }

  /** Takes the heads of logs for this transaction: those that exist, and that no other has. */
  takeHeads(trx: Trx, tenantIds: readonly string[]): Promise<LogHead[]> {
    return this.heldHeads(trx, TAKE_HEADS, tenantIds);
  }

  /** The same of one log, waiting for whoever has it. */
  async waitForHead(trx: Trx, tenantId: string): Promise<LogHead | undefined> {
    const [head] = await this.heldHeads(trx, WAIT_FOR_HEADS, [tenantId]);
    return head;
  }

  /**
   * The first events that wait of each tenant, in their order. A queue and not a position: an event that committed late
   * has a lower number than others that were sealed before, and must still be found.
   */
  async firstPending(
    trx: Trx,
    tenantIds: readonly string[],
    limit: number,
  ): Promise<Map<string, PendingEvent[]>> {
    const rows = await within(trx)<PendingEvent & { readonly tenantId: string }>({
      name: 'pending',
      text: FIRST_PENDING,
      values: [JSON.stringify(tenantIds), String(limit)],
    });
    return Map.groupBy(rows, ({ tenantId }) => tenantId);
  }

  /** Index map, tiles, heads and the end of waiting, in one statement. */
  async writeSealed(trx: Trx, growths: readonly Growth[], at: Date): Promise<void> {
    const places = growths.flatMap(({ head, events }) =>
      events.map(({ seq, eventId, occurredAt, leafHash }, offset) => ({
        tenant_id: head.tenantId,
        index: head.size + offset,
        seq,
        event_id: eventId,
        occurred_at: occurredAt,
        leaf_hash: byteaText(leafHash),
      })),
    );
    const tiles = growths.flatMap((growth) =>
      growth.tiles.map(({ level, index, hashes }) => ({
        tenant_id: growth.head.tenantId,
        level,
        index,
        hashes: byteaText(hashes),
      })),
    );
    const heads = growths.map(({ head, events, rootHash }) => ({
      tenant_id: head.tenantId,
      size: head.size + events.length,
      root_hash: byteaText(rootHash),
    }));
    const values = [places, tiles, heads].map((rows) => JSON.stringify(rows));
    const [row] = await within(trx)<{ removed: number }>({
      name: 'sealed',
      text: WRITE_SEALED,
      values: [...values, at.toISOString()],
    });
    if (row?.removed !== places.length) throw new Error('events that were to be sealed are gone');
  }

  /** Newest checkpoints that the log of the instance does not hold yet, unless another process is at them. */
  async unrecorded(trx: Trx): Promise<RecordedHead[]> {
    const { rows } = await sql<RecordedHead>`
      select head.tenant_id as "tenantId", newest.epoch, newest.size, newest.origin, newest.root_hash as "rootHash"
        from audit_head head cross join lateral (
          select epoch, size, origin, root_hash from audit_checkpoint checkpoint
           where checkpoint.tenant_id = head.tenant_id order by epoch desc, checkpoint.size desc limit 1) newest
       where head.tenant_id <> ${SYSTEM_LOG_TENANT_ID}
         and (head.recorded_epoch, head.recorded_size) <> (newest.epoch, newest.size)
         for update of head skip locked
    `.execute(trx);
    return rows;
  }

  async markRecorded(trx: Trx, { tenantId, epoch, size }: RecordedHead, eventId: string): Promise<void> {
    await trx
      .updateTable('audit_head')
      .set({ recorded_epoch: epoch, recorded_size: size, recorded_event_id: eventId })
      .where('tenant_id', '=', tenantId)
      .execute();
  }

  /** Newest checkpoints of logs about which neither a checkpoint nor this signer has said anything since. */
  async silentSince(trx: Trx, signer: string, since: Date): Promise<SilentCheckpoint[]> {
    const { rows } = await sql<SilentCheckpoint>`
      select head.tenant_id as "tenantId", newest.epoch, newest.size, newest.note
        from audit_head head cross join lateral (
          select epoch, size, note, created_at from audit_checkpoint checkpoint
           where checkpoint.tenant_id = head.tenant_id order by epoch desc, checkpoint.size desc limit 1) newest
       where newest.created_at < ${since}
         and not exists (select from audit_cosignature cosignature
           where (cosignature.tenant_id, cosignature.epoch, cosignature.size, cosignature.signer) =
                 (head.tenant_id, newest.epoch, newest.size, ${signer}) and cosignature.signed_at >= ${since})
    `.execute(trx);
    return rows;
  }

  /** Newest checkpoints that a witness has not cosigned: of one log, or of all. */
  async unwitnessed(trx: Trx, signer: string, only: string | null): Promise<UnwitnessedCheckpoint[]> {
    const { rows } = await sql<UnwitnessedCheckpoint>`
      select head.tenant_id as "tenantId", newest.epoch, newest.size, newest.note, coalesce(cosigned.size, 0)::bigint as seen
        from audit_head head
        cross join lateral (
          select epoch, size, note from audit_checkpoint checkpoint
           where checkpoint.tenant_id = head.tenant_id order by epoch desc, checkpoint.size desc limit 1) newest
        left join lateral (
          select max(cosignature.size) as size from audit_cosignature cosignature
           where (cosignature.tenant_id, cosignature.epoch, cosignature.signer) =
                 (head.tenant_id, newest.epoch, ${signer})) cosigned on true
       where (${only}::uuid is null or head.tenant_id = ${only}) and coalesce(cosigned.size, 0) < newest.size
    `.execute(trx);
    return rows;
  }

  /** The newest checkpoint of every log. */
  async newestCheckpoints(trx: Trx): Promise<NewestCheckpoint[]> {
    const { rows } = await sql<NewestCheckpoint>`
      select head.tenant_id as "tenantId", newest.origin, newest.size, newest.note
        from audit_head head
        cross join lateral (
          select origin, size, note from audit_checkpoint checkpoint
           where checkpoint.tenant_id = head.tenant_id order by epoch desc, checkpoint.size desc limit 1) newest
    `.execute(trx);
    return rows;
  }

  /** Keeps the newest signature line of a cosigner. */
  async putCosignature(
    trx: Trx,
    { tenantId, epoch, size }: SilentCheckpoint,
    signer: string,
    line: string,
    at: Date,
  ): Promise<void> {
    await trx
      .insertInto('audit_cosignature')
      .values({ tenant_id: tenantId, epoch, size, signer, line, signed_at: at })
      .onConflict((conflict) =>
        conflict.columns(['tenant_id', 'epoch', 'size', 'signer']).doUpdateSet({ line, signed_at: at }),
      )
      .execute();
  }

  /** Gives a log its next name. */
  async openEpoch(trx: Trx, { tenantId }: LogHead, epoch: number, origin: string): Promise<void> {
    await trx.updateTable('audit_head').set({ epoch, origin }).where('tenant_id', '=', tenantId).execute();
  }

  /** The place in the queue of one event. */
  async queued(trx: Trx, tenantId: string, eventId: string): Promise<number> {
    const { seq } = await trx
      .selectFrom('audit_pending')
      .select('seq')
      .where('tenant_id', '=', tenantId)
      .where('event_id', '=', eventId)
      .executeTakeFirstOrThrow();
    return Number(seq);
  }

  async insertCheckpoint(trx: Trx, checkpoint: StoredCheckpoint): Promise<void> {
    await trx
      .insertInto('audit_checkpoint')
      .values({
        tenant_id: checkpoint.tenantId,
        epoch: checkpoint.epoch,
        size: checkpoint.size,
        origin: checkpoint.origin,
        root_hash: checkpoint.rootHash,
        note: checkpoint.note,
        created_at: checkpoint.createdAt,
      })
      .execute();
  }

  /** Every log, and whether it has grown since its last checkpoint. */
  async heads(trx: Trx): Promise<(LogHead & { readonly isGrown: boolean })[]> {
    const rows = await trx
      .selectFrom('audit_head as head')
      .select(HEAD_COLUMNS)
      .select(({ exists, selectFrom }) =>
        exists(
          selectFrom('audit_checkpoint as checkpoint')
            .select('checkpoint.size')
            .whereRef('checkpoint.tenant_id', '=', 'head.tenant_id')
            .whereRef('checkpoint.epoch', '=', 'head.epoch')
            .whereRef('checkpoint.size', '=', 'head.size'),
        ).as('covered'),
      )
      .execute();
    return rows.map((row) => Object.assign(headOf(row), { isGrown: row.size > 0 && !row.covered }));
  }

  private async heldHeads(trx: Trx, text: string, tenantIds: readonly string[]): Promise<LogHead[]> {
    const rows = await within(trx)<Parameters<typeof headOf>[0]>({
      name: 'heads',
      text,
      values: [JSON.stringify(tenantIds)],
    });
    return rows.map(headOf);
  }
}

const QUEUES = preparedText(
  'sequencer:queues',
  `with recursive queue as (
     (select tenant_id, seq from audit_pending order by tenant_id, seq limit 1)
     union all
     select following.tenant_id, following.seq
       from queue cross join lateral (
         select tenant_id, seq from audit_pending
          where tenant_id > queue.tenant_id order by tenant_id, seq limit 1) following)
   select tenant_id as "tenantId", seq as "oldestSeq" from queue`,
);

const GIVEN_TENANTS = 'array(select json_array_elements_text($1::json)::uuid)';

// In one order, so that two processes that want several never wait for each other.
const HEADS = `select ${HEAD_COLUMNS.join(', ')} from audit_head where tenant_id = any(${GIVEN_TENANTS}) order by tenant_id for update`;
const TAKE_HEADS = preparedText('sequencer:take', `${HEADS} skip locked`);
const WAIT_FOR_HEADS = preparedText('sequencer:wait', HEADS);

const FIRST_PENDING = preparedText(
  'sequencer:pending',
  `select pending.tenant_id as "tenantId", pending.seq, pending.event_id as "eventId", pending.occurred_at as "occurredAt",
          event.leaf_hash as "leafHash"
     from unnest(${GIVEN_TENANTS}) given (tenant_id)
    cross join lateral (
      select tenant_id, seq, event_id, occurred_at from audit_pending waiting
       where waiting.tenant_id = given.tenant_id order by waiting.seq limit $2::int) pending
     left join lateral (
      select leaf_hash from audit_event found
       where (found.tenant_id, found.id, found.occurred_at) = (pending.tenant_id, pending.event_id, pending.occurred_at)
      limit 1) event on true
    order by pending.tenant_id, pending.seq`,
);

const WRITE_SEALED = preparedText(
  'sequencer:sealed',
  `with given as (
     select * from json_to_recordset($1::json) as x (
       tenant_id uuid, index bigint, seq bigint, event_id uuid, occurred_at timestamptz, leaf_hash bytea)),
   placed as (
     insert into audit_index (tenant_id, index, event_id, occurred_at, leaf_hash)
     select tenant_id, index, event_id, occurred_at, leaf_hash from given),
   tiles as (
     insert into audit_tile (tenant_id, level, index, hashes)
     select * from json_to_recordset($2::json) as x (tenant_id uuid, level smallint, index bigint, hashes bytea)
     on conflict (tenant_id, level, index) do update set hashes = excluded.hashes),
   moved as (
     update audit_head head set size = grown.size, root_hash = grown.root_hash, sealed_at = $4::timestamptz
       from json_to_recordset($3::json) as grown (tenant_id uuid, size bigint, root_hash bytea)
      where head.tenant_id = grown.tenant_id),
   removed as (
     delete from audit_pending pending using given
      where (pending.tenant_id, pending.seq) = (given.tenant_id, given.seq) returning 1)
   select count(*) as removed from removed`,
);
