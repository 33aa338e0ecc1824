import { Injectable } from '@nestjs/common';
import { sql } from 'kysely';
import type { Trx } from '../../database/trx.js';
import type { RetentionPolicy } from './retention-rule.js';

/** A policy as a tenant has set it. */
export interface StoredPolicy extends RetentionPolicy {
  /** Id of the principal. */
  readonly updatedBy: string;
  readonly updatedAt: Date;
}

/** Rows of `retention_policy`. */
@Injectable()
export class RetentionPolicyRepository {
  /** In the order of their names, `*` first. */
  list(trx: Trx, limit: number, after?: string): Promise<StoredPolicy[]> {
    const rows = policies(trx)
      .orderBy(sql`definition collate "C"`)
      .limit(limit);
    const rest = after === undefined ? rows : rows.where(sql<boolean>`definition collate "C" > ${after}`);
    return rest.execute();
  }

  all(trx: Trx): Promise<StoredPolicy[]> {
    return policies(trx).execute();
  }

  find(trx: Trx, definition: string): Promise<StoredPolicy | undefined> {
    return policies(trx).where('definition', '=', definition).executeTakeFirst();
  }

  /** Keeps other changes of the tenant's policies out until the transaction ends. */
  async lock(trx: Trx, tenantId: string): Promise<void> {
    await sql`select pg_advisory_xact_lock(hashtext('retention_policy'), hashtext(${tenantId}))`.execute(trx);
  }

  async save(trx: Trx, tenantId: string, policy: StoredPolicy): Promise<void> {
    const values = {
      retention_days: policy.retentionDays,
      updated_by: policy.updatedBy,
      updated_at: policy.updatedAt,
    };
    await trx
      .insertInto('retention_policy')
      .values({ tenant_id: tenantId, definition: policy.definition, ...values })
      .onConflict((conflict) => conflict.columns(['tenant_id', 'definition']).doUpdateSet(values))
      .execute();
  }

  async remove(trx: Trx, definition: string): Promise<void> {
    await trx.deleteFrom('retention_policy').where('definition', '=', definition).execute();
  }
}

function policies(trx: Trx) {
  return trx
    .selectFrom('retention_policy')
    .select([
      'definition',
      'retention_days as retentionDays',
      'updated_by as updatedBy',
      'updated_at as updatedAt',
    ]);
}
