import { Injectable } from '@nestjs/common';
import { sql } from 'kysely';
import type { Trx } from '../../database/trx.js';

/** A removal by retention, and what the log holds of its record. */
export interface RetirementRow {
  readonly eventId: string;
  readonly leaf: Buffer;
  /** As Postgres writes a multirange. */
  readonly gaps: string;
  /** Null where the log knows no such record. */
  readonly loggedHash: Buffer | null;
}

/** The table `audit_retirement`. */
@Injectable()
export class RetirementRepository {
  async all(trx: Trx, tenantId: string): Promise<RetirementRow[]> {
    const { rows } = await sql<RetirementRow>`
      select gone.event_id as "eventId", gone.leaf, gone.gaps::text as gaps, coalesce(place.leaf_hash, event.leaf_hash) as "loggedHash"
        from audit_retirement gone
        left join audit_index place on place.tenant_id = gone.tenant_id and place.event_id = gone.event_id
        left join audit_pending pending on pending.tenant_id = gone.tenant_id and pending.event_id = gone.event_id
        left join audit_event event on (event.id, event.occurred_at) = (pending.event_id, pending.occurred_at)
       where gone.tenant_id = ${tenantId}
    `.execute(trx);
    return rows;
  }
}
