import { Injectable } from '@nestjs/common';
import { sql } from 'kysely';
import type { Trx } from '../../../database/trx.js';

/** Reads what streams look at for all tenants at once. */
@Injectable()
export class StreamRepository {
  /** Sizes of logs; in a transaction over all tenants. */
  async sizes(
    trx: Trx,
    tenantIds: readonly string[],
  ): Promise<{ readonly tenantId: string; readonly size: number }[]> {
    const { rows } = await sql<{ tenantId: string; size: number }>`
      select tenant_id as "tenantId", size from audit_head where tenant_id = any(${tenantIds}::uuid[])
    `.execute(trx);
    return rows;
  }
}
