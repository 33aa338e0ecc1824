import { Injectable } from '@nestjs/common';
import { sql } from 'kysely';
import type { Trx } from '../../database/trx.js';

/** A file that holds places of a log, exported and verified. */
export interface ArchivedStretch {
  readonly fromIndex: number;
  /** Exclusive. */
  readonly toIndex: number;
  /** Relative to the archive folder. */
  readonly file: string;
  /** SHA-256 of the file. */
  readonly digest: Buffer;
}

/** The table `audit_archive`. */
@Injectable()
export class TrailArchiveRepository {
  /** The files of a day, in the order of what they hold. */
  async list(trx: Trx, tenantId: string, day: string): Promise<ArchivedStretch[]> {
    const { rows } = await sql<ArchivedStretch>`
      select from_index as "fromIndex", to_index as "toIndex", file, digest from audit_archive
       where tenant_id = ${tenantId} and day = ${day}::date order by from_index`.execute(trx);
    return rows;
  }

  async insert(
    trx: Trx,
    tenantId: string,
    day: string,
    files: readonly ArchivedStretch[],
    at: Date,
  ): Promise<void> {
    await trx
      .insertInto('audit_archive')
      .values(
        files.map(({ fromIndex, toIndex, file, digest }) => ({
          tenant_id: tenantId,
          day,
          from_index: fromIndex,
          to_index: toIndex,
          file,
          digest,
          verified_at: at,
        })),
      )
      .execute();
  }
}
