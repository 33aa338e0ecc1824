import { Injectable } from '@nestjs/common';
import { sql } from 'kysely';
import type { Trx } from '../../../database/trx.js';

/** A sealed value as its row holds it, with what of its event can be shown. */
export interface SealedValueRow {
  readonly eventId: string;
  readonly path: string;
  readonly subjectRef: string;
  readonly sealed: Buffer;
  readonly type: string;
  readonly outcome: string;
  readonly occurredAt: Date;
  readonly leaf: Buffer;
}

/** The table `audit_sealed`. */
@Injectable()
export class SealedValuesRepository {
  async insert(
    trx: Trx,
    tenantId: string,
    rows: readonly Pick<SealedValueRow, 'eventId' | 'path' | 'subjectRef' | 'sealed' | 'occurredAt'>[],
  ): Promise<void> {
    await trx
      .insertInto('audit_sealed')
      .values(
        rows.map(({ eventId, path, subjectRef, sealed, occurredAt }) => ({
          event_id: eventId,
          tenant_id: tenantId,
          path,
          subject_ref: subjectRef,
          sealed,
          occurred_at: occurredAt,
        })),
      )
      .execute();
  }

  /** Values of these events. */
  ofEvents(trx: Trx, eventIds: readonly string[]): Promise<SealedValueRow[]> {
    return withEvent(trx)
      .where('value.event_id', 'in', [...eventIds])
      .orderBy('value.path')
      .execute();
  }

  /** Values of a person, oldest event first; `after` is the id of the last event already seen. */
  ofSubject(
    trx: Trx,
    tenantId: string,
    subjectRef: string,
    after: string | undefined,
    limit: number,
  ): Promise<SealedValueRow[]> {
    let rows = withEvent(trx)
      .where('value.tenant_id', '=', tenantId)
      .where('value.subject_ref', '=', subjectRef)
      .orderBy('value.event_id')
      .orderBy('value.path')
      .limit(limit);
    if (after !== undefined) rows = rows.where('value.event_id', '>', after);
    return rows.execute();
  }

  /** Removes values of a person, at most `limit`; answers how many. For `withRetention`. */
  async remove(trx: Trx, tenantId: string, subjectRef: string, limit: number): Promise<number> {
    const { rows } = await sql<{ removed: number }>`
      select remove_sealed_values(${tenantId}, ${subjectRef}, ${limit}) as removed`.execute(trx);
    return rows[0]?.removed ?? 0;
  }
}

function withEvent(trx: Trx) {
  return trx
    .selectFrom('audit_sealed as value')
    .innerJoin('audit_event as event', (join) =>
      join.onRef('event.id', '=', 'value.event_id').onRef('event.occurred_at', '=', 'value.occurred_at'),
    )
    .select([
      'value.event_id as eventId',
      'value.path',
      'value.subject_ref as subjectRef',
      'value.sealed',
      'event.type',
      'event.outcome',
      'event.occurred_at as occurredAt',
      'event.leaf',
    ]);
}
