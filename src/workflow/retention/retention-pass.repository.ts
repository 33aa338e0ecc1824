import { Injectable } from '@nestjs/common';
import { sql } from 'kysely';
import type { Trx } from '../../database/trx.js';

/** What a pass over all tenants needs of the database. For transactions of `withSystem`. */
@Injectable()
export class RetentionPassRepository {
  /** Whether the pass is ours until the transaction ends. */
  async tryLock(trx: Trx): Promise<boolean> {
    const { rows } = await sql<{ ours: boolean }>`
      select pg_try_advisory_xact_lock(hashtext('countersign'), hashtext('retention_pass')) as ours`.execute(
      trx,
    );
    return rows[0]?.ours === true;
  }

  async tenantIds(trx: Trx): Promise<string[]> {
    const rows = await trx.selectFrom('tenant').select('id').orderBy('id').execute();
    return rows.map((row) => row.id);
  }
}
