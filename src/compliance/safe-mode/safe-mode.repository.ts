import { Injectable } from '@nestjs/common';
import type { Execute } from '../../database/statement.js';
import type { Trx } from '../../database/trx.js';
import type { SafeModeScope } from './safe-mode.js';

/** A switch as it stands in the database. */
export interface StoredSwitch {
  readonly tenantId: string;
  readonly scope: SafeModeScope;
  readonly enabled: boolean;
  readonly reason: string;
  readonly changedBy: string;
  readonly changedAt: Date;
}

@Injectable()
export class SafeModeRepository {
  /** Every switch that is on, of all tenants. */
  async enabled(execute: Execute): Promise<StoredSwitch[]> {
    return execute<StoredSwitch>({
      name: 'safe_mode',
      text: `select tenant_id as "tenantId", scope, enabled, reason, changed_by as "changedBy",
               changed_at as "changedAt"
             from safe_mode where enabled`,
      values: [],
    });
  }

  /** A switch, locked until the transaction ends. */
  async lock(trx: Trx, tenantId: string, scope: SafeModeScope): Promise<StoredSwitch | undefined> {
    const row = await trx
      .selectFrom('safe_mode')
      .selectAll()
      .where('tenant_id', '=', tenantId)
      .where('scope', '=', scope)
      .forUpdate()
      .executeTakeFirst();
    return (
      row && {
        tenantId: row.tenant_id,
        scope: row.scope,
        enabled: row.enabled,
        reason: row.reason,
        changedBy: row.changed_by,
        changedAt: row.changed_at,
      }
    );
  }

  async save(
    trx: Trx,
    { tenantId, scope, enabled, reason, changedBy, changedAt }: StoredSwitch,
  ): Promise<void> {
    const values = { enabled, reason, changed_by: changedBy, changed_at: changedAt };
    await trx
      .insertInto('safe_mode')
      .values({ tenant_id: tenantId, scope, ...values })
      .onConflict((conflict) => conflict.columns(['tenant_id', 'scope']).doUpdateSet(values))
      .execute();
  }
}
