import { Injectable } from '@nestjs/common';
import type { Trx } from '../../database/trx.js';
import type { Secret } from './endpoint.js';

/** The table `webhook_secret`. */
@Injectable()
export class SecretRepository {
  async insert(trx: Trx, tenantId: string, secret: Secret): Promise<void> {
    await trx
      .insertInto('webhook_secret')
      .values({
        id: secret.id,
        tenant_id: tenantId,
        endpoint_id: secret.endpointId,
        sealed: secret.sealed,
        created_at: secret.createdAt,
        expires_at: secret.expiresAt,
      })
      .execute();
  }

  /** Secrets that sign at an instant, newest first. */
  async valid(trx: Trx, endpointIds: readonly string[], at: Date): Promise<Secret[]> {
    if (endpointIds.length === 0) return [];
    const rows = await trx
      .selectFrom('webhook_secret')
      .selectAll()
      .where('endpoint_id', 'in', [...endpointIds])
      .where((where) => where.or([where('expires_at', 'is', null), where('expires_at', '>', at)]))
      .orderBy('id', 'desc')
      .execute();
    return rows.map((row) => ({
      id: row.id,
      endpointId: row.endpoint_id,
      sealed: row.sealed,
      createdAt: row.created_at,
      expiresAt: row.expires_at,
    }));
  }

  /** Ends what would be valid longer. */
  async expire(trx: Trx, endpointId: string, at: Date): Promise<void> {
    await trx
      .updateTable('webhook_secret')
      .set({ expires_at: at })
      .where('endpoint_id', '=', endpointId)
      .where((where) => where.or([where('expires_at', 'is', null), where('expires_at', '>', at)]))
      .execute();
  }

  async deleteAll(trx: Trx, endpointId: string): Promise<void> {
    await trx.deleteFrom('webhook_secret').where('endpoint_id', '=', endpointId).execute();
  }
}
