import { Injectable } from '@nestjs/common';
import { type Selectable, sql } from 'kysely';
import type { ErasureTable } from '../../database/tables.js';
import type { Trx } from '../../database/trx.js';
import type { Erasure } from './erasure.js';

/** A key that was destroyed and is there again. */
export interface RevivedKey {
  readonly tenantId: string;
  readonly subjectRef: string;
}

/** The table `erasure`. */
@Injectable()
export class ErasureRepository {
  /** False when one is under way for this person. */
  async insert(
    trx: Trx,
    erasure: Pick<Erasure, 'id' | 'tenantId' | 'subjectRef' | 'requestedBy' | 'requestId' | 'requestedAt'>,
  ): Promise<boolean> {
    const row = await trx
      .insertInto('erasure')
      .values({
        id: erasure.id,
        tenant_id: erasure.tenantId,
        subject_ref: erasure.subjectRef,
        status: 'requested',
        deferred_by: null,
        requested_by: erasure.requestedBy,
        request_id: erasure.requestId,
        requested_at: erasure.requestedAt,
        key_destroyed_at: null,
        kek_id: null,
        unreadable_from: null,
        completed_at: null,
        event_id: null,
      })
      .onConflict((conflict) => conflict.doNothing())
      .returning('id')
      .executeTakeFirst();
    return row !== undefined;
  }

  async find(trx: Trx, id: string): Promise<Erasure | undefined> {
    const row = await trx.selectFrom('erasure').selectAll().where('id', '=', id).executeTakeFirst();
    return row && erasureOf(row);
  }

  async lock(trx: Trx, id: string): Promise<Erasure | undefined> {
    const row = await trx
      .selectFrom('erasure')
      .selectAll()
      .where('id', '=', id)
      .forUpdate()
      .executeTakeFirst();
    return row && erasureOf(row);
  }

  /** The one of a person that is under way. */
  async open(trx: Trx, subjectRef: string): Promise<Erasure | undefined> {
    const row = await trx
      .selectFrom('erasure')
      .selectAll()
      .where('subject_ref', '=', subjectRef)
      .where('completed_at', 'is', null)
      .executeTakeFirst();
    return row && erasureOf(row);
  }

  async deferred(trx: Trx): Promise<string[]> {
    const rows = await trx
      .selectFrom('erasure')
      .select('id')
      .where('status', '=', 'deferred')
      .orderBy('id')
      .execute();
    return rows.map(({ id }) => id);
  }

  async defer(trx: Trx, id: string, by: NonNullable<Erasure['deferredBy']>): Promise<void> {
    await trx
      .updateTable('erasure')
      .set({ status: 'deferred', deferred_by: by })
      .where('id', '=', id)
      .execute();
  }

  async begin(
    trx: Trx,
    id: string,
    key: { readonly destroyedAt: Date; readonly kekId: string | null; readonly unreadableFrom: Date | null },
  ): Promise<void> {
    await trx
      .updateTable('erasure')
      .set({
        status: 'running',
        deferred_by: null,
        key_destroyed_at: key.destroyedAt,
        kek_id: key.kekId,
        unreadable_from: key.unreadableFrom,
      })
      .where('id', '=', id)
      .execute();
  }

  async count(trx: Trx, id: string, counts: Readonly<Record<string, number>>): Promise<void> {
    await trx
      .updateTable('erasure')
      .set({ counts: JSON.stringify(counts) })
      .where('id', '=', id)
      .execute();
  }

  async complete(trx: Trx, id: string, eventId: string, at: Date): Promise<void> {
    await trx
      .updateTable('erasure')
      .set({ status: 'completed', completed_at: at, event_id: eventId })
      .where('id', '=', id)
      .execute();
  }

  /** Keys of people whose key was destroyed after these very keys had been made. For `withSystem`. */
  async revivedKeys(trx: Trx): Promise<RevivedKey[]> {
    const { rows } = await sql<RevivedKey>`
      select distinct key.tenant_id as "tenantId", key.subject_ref as "subjectRef"
      from audit_event event
      cross join lateral jsonb_array_elements(convert_from(event.leaf, 'UTF8')::jsonb -> 'targets') target
      join subject_key key on key.tenant_id = event.tenant_id and key.subject_ref = target ->> 'ref'
      where event.type = 'subject.erasure_begun' and target ->> 'type' = 'subject'
        and key.wrapped_key is not null and key.created_at <= event.occurred_at`.execute(trx);
    return rows;
  }

  /** Which of these people have a key that is older than their erasure. For `withSystem`. */
  async keysBefore(
    trx: Trx,
    erased: readonly (RevivedKey & { readonly erasedAt: Date })[],
  ): Promise<RevivedKey[]> {
    const { rows } = await sql<RevivedKey>`
      select key.tenant_id as "tenantId", key.subject_ref as "subjectRef"
      from unnest(${erased.map((each) => each.tenantId)}::uuid[], ${erased.map((each) => each.subjectRef)}::text[],
        ${erased.map((each) => each.erasedAt)}::timestamptz[]) as gone (tenant_id, subject_ref, erased_at)
      join subject_key key on key.tenant_id = gone.tenant_id and key.subject_ref = gone.subject_ref
      where key.wrapped_key is not null and key.created_at <= gone.erased_at`.execute(trx);
    return rows;
  }
}

function erasureOf(row: Selectable<ErasureTable>): Erasure {
  return {
    id: row.id,
    tenantId: row.tenant_id,
    subjectRef: row.subject_ref,
    status: row.status,
    deferredBy: row.deferred_by as Erasure['deferredBy'],
    requestedBy: row.requested_by,
    requestId: row.request_id,
    requestedAt: row.requested_at,
    keyDestroyedAt: row.key_destroyed_at,
    unreadableFrom: row.unreadable_from,
    counts: row.counts,
    completedAt: row.completed_at,
    eventId: row.event_id,
  };
}
