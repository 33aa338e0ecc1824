import { Injectable } from '@nestjs/common';
import { type Selectable, sql } from 'kysely';
import type { DeliveryTable } from '../database/tables.js';
import type { Trx } from '../database/trx.js';
import { newId } from '../kernel/ids.js';

export type DeliveryRow = Selectable<DeliveryTable>;

export interface NewDelivery {
  readonly id: string;
  readonly index: number;
  readonly subjectRef: string;
  readonly channel: string;
  readonly messageId: string;
  /** Why it is not sent at all. */
  readonly withheld?: string;
}

/** Deliveries by status. */
export interface DeliveryCounts {
  readonly total: number;
  readonly pending: number;
  readonly sending: number;
  readonly sent: number;
  readonly failed: number;
  readonly uncertain: number;
}

const CHUNK_ROWS = 2_000;

@Injectable()
export class DeliveryRepository {
  async insert(
    trx: Trx,
    tenantId: string,
    runId: string,
    deliveries: readonly NewDelivery[],
    now: Date,
  ): Promise<void> {
    for (let start = 0; start < deliveries.length; start += CHUNK_ROWS) {
      const rows = deliveries.slice(start, start + CHUNK_ROWS).map((delivery) => ({
        id: delivery.id,
        tenant_id: tenantId,
        run_id: runId,
        index: delivery.index,
        subject_ref: delivery.subjectRef,
        channel: delivery.channel,
        message_id: delivery.messageId,
        status: delivery.withheld === undefined ? ('pending' as const) : ('failed' as const),
        detail: delivery.withheld ?? null,
        settled_at: delivery.withheld === undefined ? null : now,
        settled_by: delivery.withheld === undefined ? null : 'delivery',
        created_at: now,
      }));
      await trx.insertInto('delivery').values(rows).execute();
    }
  }

  /** Recipients for whom nothing more is done, by place, and the codes that say why. */
  async leftOut(trx: Trx, runId: string): Promise<ReadonlyMap<number, string>> {
    const rows = await trx
      .selectFrom('workflow_step')
      .select('detail')
      .where('run_id', '=', runId)
      .where('status', '=', 'left_out')
      .execute();
    return new Map(
      rows.map(({ detail }) => {
        const { recipient, code } = (detail ?? {}) as { recipient?: unknown; code?: unknown };
        return [Number(recipient), String(code)];
      }),
    );
  }

  async counts(trx: Trx, runId: string): Promise<DeliveryCounts> {
    const rows = await trx
      .selectFrom('delivery')
      .select(['status', ({ fn }) => fn.countAll<number>().as('count')])
      .where('run_id', '=', runId)
      .groupBy('status')
      .execute();
    const of = (status: string) => rows.find((row) => row.status === status)?.count ?? 0;
    return {
      total: rows.reduce((sum, row) => sum + row.count, 0),
      pending: of('pending'),
      sending: of('sending'),
      sent: of('sent'),
      failed: of('failed'),
      uncertain: of('uncertain'),
    };
  }

  /** Takes pending deliveries for a hand-over: from now on they are `sending`, each with the id of its intent. */
  async claim(trx: Trx, runId: string, limit: number, now: Date): Promise<DeliveryRow[]> {
    const intentIds = Array.from({ length: limit }, newId);
    const rows = await trx
      // Materialised: a subquery in its place may be planned to run once for each row, and its limit would not hold.
      .with(
        (cte) => cte('due').materialized(),
        (db) =>
          db
            .selectFrom('delivery')
            .select('id')
            .where('run_id', '=', runId)
            .where('status', '=', 'pending')
            .orderBy('index')
            .limit(limit)
            .forUpdate()
            .skipLocked(),
      )
      .with('numbered', (db) =>
        db.selectFrom('due').select(['id', sql<number>`row_number() over ()`.as('number')]),
      )
      .updateTable('delivery')
      .from('numbered')
      .set((eb) => ({
        status: 'sending' as const,
        attempts: eb('attempts', '+', 1),
        sending_at: now,
        intent_id: sql<string>`(${intentIds}::uuid[])[numbered.number]`,
      }))
      .whereRef('delivery.id', '=', 'numbered.id')
      .returningAll('delivery')
      .execute();
    return rows.sort((one, other) => one.index - other.index);
  }

  /** Hand-overs whose outcome was never recorded: their process died. */
  orphans(trx: Trx, runId: string, limit: number): Promise<DeliveryRow[]> {
    return trx
      .selectFrom('delivery')
      .selectAll()
      .where('run_id', '=', runId)
      .where('status', '=', 'sending')
      .orderBy('index')
      .limit(limit)
      .execute();
  }

  /**
   * Records what became of an attempt; false when another attempt or a person has settled it since. A result that
   * comes late still tells more than `uncertain`, which somebody else may have put there meanwhile.
   */
  async settle(
    trx: Trx,
    delivery: { readonly id: string; readonly attempts: number },
    outcome: {
      readonly status: DeliveryRow['status'];
      readonly detail: string | null;
      readonly settledBy: string;
    },
    now: Date,
  ): Promise<boolean> {
    const { numUpdatedRows } = await trx
      .updateTable('delivery')
      .set({
        status: outcome.status,
        detail: outcome.detail,
        settled_at: outcome.status === 'pending' ? null : now,
        settled_by: outcome.status === 'pending' ? null : outcome.settledBy,
      })
      .where('id', '=', delivery.id)
      .where('attempts', '=', delivery.attempts)
      .where('status', 'in', ['sending', 'uncertain'])
      .executeTakeFirst();
    return numUpdatedRows === 1n;
  }

  find(trx: Trx, id: string): Promise<DeliveryRow | undefined> {
    return trx.selectFrom('delivery').selectAll().where('id', '=', id).executeTakeFirst();
  }

  /** Deliveries to a person, oldest first; `after` is the id of the last one already seen. */
  ofSubject(
    trx: Trx,
    tenantId: string,
    subjectRef: string,
    after: string | undefined,
    limit: number,
  ): Promise<DeliveryRow[]> {
    let rows = trx
      .selectFrom('delivery')
      .selectAll()
      .where('tenant_id', '=', tenantId)
      .where('subject_ref', '=', subjectRef)
      .orderBy('id')
      .limit(limit);
    if (after !== undefined) rows = rows.where('id', '>', after);
    return rows.execute();
  }

  /** Takes the person out of deliveries; that there were some stays. For `withRetention`. */
  async forgetSubject(trx: Trx, ids: readonly string[]): Promise<number> {
    if (ids.length === 0) return 0;
    const { numUpdatedRows } = await trx
      .updateTable('delivery')
      .set({ subject_ref: 'erased', detail: null })
      .where('id', 'in', ids)
      .executeTakeFirst();
    return Number(numUpdatedRows);
  }

  list(
    trx: Trx,
    runId: string,
    status: string | undefined,
    afterIndex: number,
    limit: number,
  ): Promise<DeliveryRow[]> {
    let rows = trx
      .selectFrom('delivery')
      .selectAll()
      .where('run_id', '=', runId)
      .where('index', '>', afterIndex)
      .orderBy('index')
      .limit(limit);
    if (status) rows = rows.where('status', '=', status as DeliveryRow['status']);
    return rows.execute();
  }
}
