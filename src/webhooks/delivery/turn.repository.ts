import { Injectable } from '@nestjs/common';
import { sql } from 'kysely';
import type { Trx } from '../../database/trx.js';

/** The right to serve an endpoint for a while. */
export interface Turn {
  readonly tenantId: string;
  readonly endpointId: string;
  /** Names this turn; another one given out since makes it void. */
  readonly lease: string;
}

/**
 * When each endpoint is served, and by whom: one worker at a time. All instants are the database's, because workers
 * compare them.
 */
@Injectable()
export class TurnRepository {
  /**
   * Says that endpoints have something due now. Their rows are written even when that is known already: a turn that
   * ends at this moment has to wait and see what this transaction hands out.
   */
  async wake(trx: Trx, endpointIds: readonly string[]): Promise<void> {
    if (endpointIds.length === 0) return;
    await sql`
      update webhook_endpoint set due_at = least(due_at, clock_timestamp()) where id = any(${[...endpointIds]}::uuid[])
    `.execute(trx);
  }

  /** Gives out turns for endpoints that are due and free; in a transaction over all tenants. */
  async giveOut(trx: Trx, leaseSeconds: number, limit: number): Promise<Turn[]> {
    const { rows } = await sql<Turn>`
      update webhook_endpoint
         set taken_until = clock_timestamp() + make_interval(secs => ${leaseSeconds}), lease = gen_random_uuid()
       where id in (
         select id from webhook_endpoint
          where enabled and deleted_at is null and due_at <= clock_timestamp() and taken_until <= clock_timestamp()
          order by due_at limit ${limit} for update skip locked)
      returning tenant_id as "tenantId", id as "endpointId", lease
    `.execute(trx);
    return rows;
  }

  /** Keeps a turn for longer; false when it is void, or nothing may be sent any more. */
  async hold(trx: Trx, { endpointId, lease }: Turn, leaseSeconds: number): Promise<boolean> {
    const { rows } = await sql`
      update webhook_endpoint set taken_until = clock_timestamp() + make_interval(secs => ${leaseSeconds})
       where id = ${endpointId} and lease = ${lease}::uuid and enabled and deleted_at is null
      returning id
    `.execute(trx);
    return rows.length > 0;
  }

  /** Ends a turn: the endpoint rests for a while, and is then served when its next delivery is due. */
  async release(trx: Trx, { endpointId, lease }: Turn, restSeconds: number): Promise<void> {
    // Locked first and looked at afterwards: what is handed out meanwhile is either seen here or wakes anew.
    const { rows } = await sql`
      select from webhook_endpoint where id = ${endpointId} and lease = ${lease}::uuid for no key update
    `.execute(trx);
    if (rows.length === 0) return;
    await sql`
      update webhook_endpoint
         set lease = null, taken_until = clock_timestamp() + make_interval(secs => ${restSeconds}),
             due_at = (select min(next_attempt_at) from webhook_delivery
                        where endpoint_id = ${endpointId} and status = 'pending')
       where id = ${endpointId}
    `.execute(trx);
  }
}
