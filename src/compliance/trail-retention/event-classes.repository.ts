import { Injectable } from '@nestjs/common';
import { sql } from 'kysely';
import type { Trx } from '../../database/trx.js';

/** The table `audit_event_class`. For transactions of `withSystem`. */
@Injectable()
export class EventClassesRepository {
  /** Notes the class of each type; one that the database keeps for longer already stays as it is. */
  async note(trx: Trx, classes: readonly (readonly [type: string, name: string])[]): Promise<void> {
    await sql`
      insert into audit_event_class (type, class)
      select * from unnest(${classes.map(([type]) => type)}::text[], ${classes.map(([, name]) => name)}::text[])
      on conflict (type) do update set class = excluded.class
        where (select floor_days from audit_retention_class where class = excluded.class)
            > (select floor_days from audit_retention_class where class = audit_event_class.class)`.execute(
      trx,
    );
  }
}
