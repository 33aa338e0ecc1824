import { Injectable } from '@nestjs/common';
import type { Trx } from '../../database/trx.js';

/** Forgets what is past its time, in transactions over all tenants. Each method answers how much it forgot. */
@Injectable()
export class UpkeepRepository {
  /** Messages with their deliveries. */
  async deleteMessages(trx: Trx, before: Date, limit: number): Promise<number> {
    const { numDeletedRows } = await trx
      .deleteFrom('webhook_message')
      .where(({ eb, refTuple, selectFrom }) =>
        eb(
          refTuple('tenant_id', 'id'),
          'in',
          selectFrom('webhook_message')
            .select(['tenant_id', 'id'])
            .where('created_at', '<', before)
            .limit(limit)
            .$asTuple('tenant_id', 'id'),
        ),
      )
      .executeTakeFirst();
    return Number(numDeletedRows);
  }

  /** Deliveries to endpoints that are deleted. */
  async deleteOrphans(trx: Trx, limit: number): Promise<number> {
    const { numDeletedRows } = await trx
      .deleteFrom('webhook_delivery')
      .where('id', 'in', (query) =>
        query
          .selectFrom('webhook_delivery')
          .innerJoin('webhook_endpoint', 'webhook_endpoint.id', 'webhook_delivery.endpoint_id')
          .select('webhook_delivery.id')
          .where('webhook_endpoint.deleted_at', 'is not', null)
          .limit(limit),
      )
      .executeTakeFirst();
    return Number(numDeletedRows);
  }

  /** Endpoints deleted before an instant, once they have no deliveries. */
  async deleteEndpoints(trx: Trx, before: Date): Promise<number> {
    const { numDeletedRows } = await trx
      .deleteFrom('webhook_endpoint')
      .where('deleted_at', '<', before)
      .where(({ not, exists, selectFrom }) =>
        not(
          exists(
            selectFrom('webhook_delivery')
              .select('webhook_delivery.id')
              .whereRef('webhook_delivery.endpoint_id', '=', 'webhook_endpoint.id'),
          ),
        ),
      )
      .executeTakeFirst();
    return Number(numDeletedRows);
  }

  /** Secrets that sign nothing any more. */
  async deleteSecrets(trx: Trx, at: Date): Promise<number> {
    const { numDeletedRows } = await trx
      .deleteFrom('webhook_secret')
      .where('expires_at', '<=', at)
      .executeTakeFirst();
    return Number(numDeletedRows);
  }
}
