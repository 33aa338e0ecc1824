import { Injectable } from '@nestjs/common';
import type { Trx } from '../../database/trx.js';

/** A person whose data is kept and not used. */
export interface Restriction {
  readonly subjectRef: string;
  readonly setBy: string;
  readonly setAt: Date;
}

/** The table `subject_restriction`. */
@Injectable()
export class RestrictionRepository {
  /** Whether it was not there before. */
  async insert(trx: Trx, tenantId: string, { subjectRef, setBy, setAt }: Restriction): Promise<boolean> {
    const row = await trx
      .insertInto('subject_restriction')
      .values({ tenant_id: tenantId, subject_ref: subjectRef, set_by: setBy, set_at: setAt })
      .onConflict((conflict) => conflict.doNothing())
      .returning('subject_ref')
      .executeTakeFirst();
    return row !== undefined;
  }

  async find(trx: Trx, subjectRef: string): Promise<Restriction | undefined> {
    return trx
      .selectFrom('subject_restriction')
      .select(['subject_ref as subjectRef', 'set_by as setBy', 'set_at as setAt'])
      .where('subject_ref', '=', subjectRef)
      .executeTakeFirst();
  }

  /** Which of these people are restricted. */
  async among(trx: Trx, subjectRefs: readonly string[]): Promise<ReadonlySet<string>> {
    if (subjectRefs.length === 0) return new Set();
    const rows = await trx
      .selectFrom('subject_restriction')
      .select('subject_ref')
      .where('subject_ref', 'in', subjectRefs)
      .execute();
    return new Set(rows.map((row) => row.subject_ref));
  }

  /** Whether there was one. */
  async remove(trx: Trx, subjectRef: string): Promise<boolean> {
    const row = await trx
      .deleteFrom('subject_restriction')
      .where('subject_ref', '=', subjectRef)
      .returning('subject_ref')
      .executeTakeFirst();
    return row !== undefined;
  }
}
