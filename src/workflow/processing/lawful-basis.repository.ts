import { Injectable } from '@nestjs/common';
import { sql } from 'kysely';
import type { Trx } from '../../database/trx.js';

/** On which bases people's data may be used. */
@Injectable()
export class LawfulBasisRepository {
  /** Bases that were named for each purpose, with how many people (or sessions for everybody) each speaks of. */
  async byPurpose(trx: Trx): Promise<{ purpose: string; basis: string; people: number }[]> {
    const { rows } = await sql<{ purpose: string; basis: string; people: number }>`
      select purpose, lawful_basis as basis, count(distinct subject_ref)::int as people
        from consent where granted group by purpose, lawful_basis order by purpose, lawful_basis`.execute(
      trx,
    );
    return rows;
  }
}
