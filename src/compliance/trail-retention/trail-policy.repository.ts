import { Injectable } from '@nestjs/common';
import { sql } from 'kysely';
import type { Trx } from '../../database/trx.js';
import type { RetentionClass } from '../audit/retention-class.js';

/** How long a tenant keeps records of a class, as it has said. */
export interface StoredTrailPolicy {
  readonly class: RetentionClass;
  /** 0 = for ever. */
  readonly retentionDays: number;
  /** Id of the principal. */
  readonly updatedBy: string;
  readonly updatedAt: Date;
}

/** Rows of `audit_retention_policy`. */
@Injectable()
export class TrailPolicyRepository {
  all(trx: Trx): Promise<StoredTrailPolicy[]> {
    return policies(trx).execute();
  }

  find(trx: Trx, name: RetentionClass): Promise<StoredTrailPolicy | undefined> {
    return policies(trx).where('class', '=', name).executeTakeFirst();
  }

  /** Keeps other changes of the tenant's policies out until the transaction ends. */
  async lock(trx: Trx, tenantId: string): Promise<void> {
    await sql`select pg_advisory_xact_lock(hashtext('audit_retention_policy'), hashtext(${tenantId}))`.execute(
      trx,
    );
  }

  async save(trx: Trx, tenantId: string, policy: StoredTrailPolicy): Promise<void> {
    const values = {
      retention_days: policy.retentionDays,
      updated_by: policy.updatedBy,
      updated_at: policy.updatedAt,
    };
    await trx
      .insertInto('audit_retention_policy')
      .values({ tenant_id: tenantId, class: policy.class, ...values })
      .onConflict((conflict) => conflict.columns(['tenant_id', 'class']).doUpdateSet(values))
      .execute();
  }

  async remove(trx: Trx, name: RetentionClass): Promise<void> {
    await trx.deleteFrom('audit_retention_policy').where('class', '=', name).execute();
  }
}

function policies(trx: Trx) {
  return trx
    .selectFrom('audit_retention_policy')
    .select([
      'class',
      'retention_days as retentionDays',
      'updated_by as updatedBy',
      'updated_at as updatedAt',
    ])
    .$castTo<StoredTrailPolicy>();
}
