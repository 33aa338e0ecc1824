import { Injectable } from '@nestjs/common';
import type { Selectable } from 'kysely';
import type { WebhookEndpointTable } from '../../database/tables.js';
import type { Trx } from '../../database/trx.js';
import type { DisabledReason, Endpoint } from './endpoint.js';

export type EndpointChange = Partial<
  Pick<Endpoint, 'urlSealed' | 'eventTypes' | 'definition' | 'description' | 'disabledReason'>
>;

/** The table `webhook_endpoint`, without those deleted. When each is served is `TurnRepository`'s. */
@Injectable()
export class EndpointRepository {
  async insert(trx: Trx, endpoint: Endpoint): Promise<void> {
    await trx
      .insertInto('webhook_endpoint')
      .values({
        id: endpoint.id,
        tenant_id: endpoint.tenantId,
        url_sealed: endpoint.urlSealed,
        event_types: [...endpoint.eventTypes],
        definition: endpoint.definition,
        description: endpoint.description,
        created_by: endpoint.createdBy,
        created_at: endpoint.createdAt,
        updated_at: endpoint.updatedAt,
      })
      .execute();
  }

  async count(trx: Trx): Promise<number> {
    const { count } = await trx
      .selectFrom('webhook_endpoint')
      .select(({ fn }) => fn.countAll<number>().as('count'))
      .where('deleted_at', 'is', null)
      .executeTakeFirstOrThrow();
    return count;
  }

  async find(trx: Trx, id: string): Promise<Endpoint | undefined> {
    const row = await this.one(trx, id).executeTakeFirst();
    return row && endpointOf(row);
  }

  /** The endpoint, locked until the transaction ends. */
  async lock(trx: Trx, id: string): Promise<Endpoint | undefined> {
    const row = await this.one(trx, id).forNoKeyUpdate().executeTakeFirst();
    return row && endpointOf(row);
  }

  /** Newest first; `before` is the id the last page ended with. */
  async list(trx: Trx, limit: number, before: string | undefined): Promise<Endpoint[]> {
    let query = trx
      .selectFrom('webhook_endpoint')
      .selectAll()
      .where('deleted_at', 'is', null)
      .orderBy('id', 'desc')
      .limit(limit);
    if (before !== undefined) query = query.where('id', '<', before);
    return (await query.execute()).map(endpointOf);
  }

  /** All that may be told something. */
  async enabled(trx: Trx): Promise<Endpoint[]> {
    const rows = await trx
      .selectFrom('webhook_endpoint')
      .selectAll()
      .where('enabled', '=', true)
      .where('deleted_at', 'is', null)
      .orderBy('id')
      .execute();
    return rows.map(endpointOf);
  }

  async update(trx: Trx, id: string, change: EndpointChange, now: Date): Promise<void> {
    const { urlSealed, eventTypes, definition, description, disabledReason } = change;
    await trx
      .updateTable('webhook_endpoint')
      .set({
        ...(urlSealed && { url_sealed: urlSealed }),
        ...(eventTypes && { event_types: [...eventTypes] }),
        ...(definition !== undefined && { definition }),
        ...(description !== undefined && { description }),
        ...(disabledReason !== undefined && enabling(disabledReason)),
        updated_at: now,
      })
      .where('id', '=', id)
      .execute();
  }

  async markDeleted(trx: Trx, id: string, now: Date): Promise<void> {
    await trx
      .updateTable('webhook_endpoint')
      .set({ deleted_at: now, updated_at: now, due_at: null })
      .where('id', '=', id)
      .execute();
  }

  /** Since when the endpoint fails, this failure included. */
  async noteFailure(trx: Trx, id: string, now: Date): Promise<Date | undefined> {
    const row = await trx
      .updateTable('webhook_endpoint')
      .set(({ fn, ref, val }) => ({ failing_since: fn.coalesce(ref('failing_since'), val(now)) }))
      .where('id', '=', id)
      .returning('failing_since')
      .executeTakeFirst();
    return row?.failing_since ?? undefined;
  }

  async noteSuccess(trx: Trx, id: string): Promise<void> {
    await trx
      .updateTable('webhook_endpoint')
      .set({ failing_since: null })
      .where('id', '=', id)
      .where('failing_since', 'is not', null)
      .execute();
  }

  private one(trx: Trx, id: string) {
    return trx
      .selectFrom('webhook_endpoint')
      .selectAll()
      .where('id', '=', id)
      .where('deleted_at', 'is', null);
  }
}

/** Enabled anew, an endpoint has a clean sheet. */
function enabling(disabledReason: DisabledReason | null) {
  return disabledReason === null
    ? { enabled: true, disabled_reason: null, failing_since: null }
    : { enabled: false, disabled_reason: disabledReason, due_at: null };
}

function endpointOf(row: Selectable<WebhookEndpointTable>): Endpoint {
  return {
    id: row.id,
    tenantId: row.tenant_id,
    urlSealed: row.url_sealed,
    eventTypes: row.event_types,
    definition: row.definition,
    description: row.description,
    disabledReason: row.disabled_reason,
    failingSince: row.failing_since,
    createdBy: row.created_by,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}
