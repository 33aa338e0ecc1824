import { Inject, Injectable } from '@nestjs/common';
import { sql } from 'kysely';
import type { PolicyDecision } from '../../../compliance/policy/policy-decisions.service.js';
import type { Trx } from '../../../database/trx.js';
import { CLOCK, type Clock } from '../../../kernel/clock.js';
import { newId } from '../../../kernel/ids.js';
import { keptOf } from '../policy-record.js';

const DAY_MS = 86_400_000;
/** How long a refusal can be replayed; as long as the trail is kept by default. */
const KEPT_DAYS = 90;
const REMOVED_AT_ONCE = 100;

/** What the policies were asked about starts and approvals that were refused. */
@Injectable()
export class PolicyRefusals {
  constructor(@Inject(CLOCK) private readonly clock: Clock) {}

  /**
   * Keeps a question, in the transaction of its audit record. Old ones go, unless anything is held.
   *
   * @param subject id of the session or the run that the record is about.
   */
  async keep(trx: Trx, tenantId: string, subject: string, decision: PolicyDecision): Promise<void> {
    const now = this.clock.now();
    await trx
      .insertInto('policy_refusal')
      .values({
        id: newId(),
        tenant_id: tenantId,
        subject,
        refused_at: now,
        decision: JSON.stringify(keptOf(decision)),
      })
      .execute();
    await sql`
      delete from policy_refusal
       where id in (select id from policy_refusal where tenant_id = ${tenantId}
                       and refused_at < ${new Date(now.getTime() - KEPT_DAYS * DAY_MS)}
                     order by id limit ${REMOVED_AT_ONCE})
         and not exists (select from legal_hold where lifted_at is null)`.execute(trx);
  }
}
