import { Injectable } from '@nestjs/common';
import { sql } from 'kysely';
import type { Trx } from '../database/trx.js';

/** Which schemas have been recorded. For transactions of `withSystem`. */
@Injectable()
export class SchemaVersionRepository {
  /** The names of migrations that no record names yet; processes that start at once ask one after the other. */
  async unrecorded(trx: Trx, names: readonly string[]): Promise<string[]> {
    await sql`select pg_advisory_xact_lock(hashtext('schema_version'))`.execute(trx);
    const rows = await trx.selectFrom('schema_version').select('migrations').execute();
    const known = new Set(rows.flatMap(({ migrations }) => migrations));
    return names.filter((name) => !known.has(name));
  }

  async insert(
    trx: Trx,
    version: {
      readonly id: string;
      readonly tenantId: string;
      readonly migrations: string[];
      readonly digest: Buffer;
    },
    recordedAt: Date,
  ): Promise<void> {
    const { tenantId, ...rest } = version;
    await trx
      .insertInto('schema_version')
      .values({ ...rest, tenant_id: tenantId, recorded_at: recordedAt })
      .execute();
  }
}
