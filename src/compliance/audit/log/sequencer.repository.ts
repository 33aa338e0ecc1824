import { Injectable } from '@nestjs/common';
import { sql } from 'kysely';
import type { Trx } from '../../../database/trx.js';
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
  async queues(trx: Trx): Promise<TenantQueue[]> {
    const { rows } = await sql<TenantQueue>`
      with recursive queue as (
        (select tenant_id, seq from audit_pending order by tenant_id, seq limit 1)
        union all
        select following.tenant_id, following.seq
          from queue cross join lateral (
            select tenant_id, seq from audit_pending
             where tenant_id > queue.tenant_id order by tenant_id, seq limit 1) following)
      select tenant_id as "tenantId", seq as "oldestSeq" from queue
    `.execute(trx);
    return rows;
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

  /** Takes the head of a log for this transaction. @returns undefined when there is none, or another has it. */
  async takeHead(trx: Trx, tenantId: string): Promise<LogHead | undefined> {
    const row = await this.headQuery(trx, tenantId).forUpdate().skipLocked().executeTakeFirst();
    return row && headOf(row);
  }

  /** The same, waiting for whoever has it. */
  async waitForHead(trx: Trx, tenantId: string): Promise<LogHead | undefined> {
    const row = await this.headQuery(trx, tenantId).forUpdate().executeTakeFirst();
    return row && headOf(row);
  }

  /**
   * The first events that wait, in their order. A queue and not a position: an event that committed late has a lower
   * number than others that were sealed before, and must still be found.
   */
  async firstPending(trx: Trx, tenantId: string, limit: number): Promise<PendingEvent[]> {
    const { rows } = await sql<PendingEvent>`
      select pending.seq, pending.event_id as "eventId", pending.occurred_at as "occurredAt", event.leaf_hash as "leafHash"
        from (select tenant_id, seq, event_id, occurred_at from audit_pending
               where tenant_id = ${tenantId} order by seq limit ${limit}) pending
        left join audit_event event on (event.tenant_id, event.id, event.occurred_at) = (pending.tenant_id, pending.event_id, pending.occurred_at)
       order by pending.seq
    `.execute(trx);
    return rows;
  }

  /** Index map, tiles, head and the end of waiting, in one statement. */
  async writeSealed(
    trx: Trx,
    head: LogHead,
    events: readonly (PendingEvent & { readonly leafHash: Buffer })[],
    tiles: readonly Tile[],
    rootHash: Buffer,
    at: Date,
  ): Promise<void> {
    const { rows } = await sql<{ removed: number }>`
      with placed as (
        insert into audit_index (tenant_id, index, event_id, occurred_at, leaf_hash)
        select ${head.tenantId}, ${head.size} + given.ord - 1, given.event_id, given.occurred_at, given.leaf_hash
          from unnest(${events.map(({ eventId }) => eventId)}::uuid[],
                      ${events.map(({ occurredAt }) => occurredAt)}::timestamptz[],
                      ${events.map(({ leafHash }) => leafHash)}::bytea[])
            with ordinality as given (event_id, occurred_at, leaf_hash, ord)),
      tiles as (
        insert into audit_tile (tenant_id, level, index, hashes)
        select ${head.tenantId}, given.level, given.index, given.hashes
          from unnest(${tiles.map(({ level }) => level)}::smallint[], ${tiles.map(({ index }) => index)}::bigint[],
                      ${tiles.map(({ hashes }) => hashes)}::bytea[]) as given (level, index, hashes)
        on conflict (tenant_id, level, index) do update set hashes = excluded.hashes),
      moved as (
        update audit_head set size = ${head.size + events.length}, root_hash = ${rootHash}, sealed_at = ${at}
         where tenant_id = ${head.tenantId}),
      removed as (
        delete from audit_pending
         where tenant_id = ${head.tenantId} and seq = any(${events.map(({ seq }) => seq)}::bigint[]) returning 1)
      select count(*) as removed from removed
    `.execute(trx);
    if (rows[0]?.removed !== events.length) throw new Error('events that were to be sealed are gone');
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

  private headQuery(trx: Trx, tenantId: string) {
    return trx.selectFrom('audit_head').select(HEAD_COLUMNS).where('tenant_id', '=', tenantId);
  }
}
