import { Injectable } from '@nestjs/common';
import { DatabaseService } from '../../database/database.service.js';
import { type AuditFault, AuditVerifier } from './audit-verifier.js';
import { AuditRepository, type AuditRow } from './audit.repository.js';

/** What a check of the trail found. */
export interface VerificationResult {
  readonly valid: boolean;
  /** Events in the log. */
  readonly treeSize: number;
  /** RFC 6962 root over the events in log order, base64. */
  readonly rootHash: string;
  readonly checkedEvents: number;
  /** At most 100; the first stands first. */
  readonly faults: readonly AuditFault[];
}

const PAGE = 1_000;
const FIRST_ID = '00000000-0000-0000-0000-000000000000';

/** Checks a tenant's whole trail: every leaf, hash and projection, every run's chain and its end. */
@Injectable()
export class AuditVerification {
  constructor(
    private readonly database: DatabaseService,
    private readonly repository: AuditRepository,
  ) {}

  /** One snapshot is checked, so that events appended meanwhile do not look like faults. */
  verify(tenantId: string): Promise<VerificationResult> {
    return this.database.withTenant(
      tenantId,
      async (trx) => {
        const verifier = new AuditVerifier();
        for (let after = 0; ;) {
          const page = await this.repository.pageInLogOrder(trx, after, PAGE);
          for (const row of page) {
            verifier.check(
              row.event_id,
              tenantId,
              row.id === null ? undefined : (row as unknown as AuditRow),
            );
          }
          const last = page.at(-1);
          if (!last) break;
          after = Number(last.seq);
        }
        for (let after = FIRST_ID; ;) {
          const heads = await this.repository.runHeads(trx, after, PAGE);
          for (const run of heads) verifier.checkHead(run.id, run.audit_seq, run.audit_head);
          const last = heads.at(-1);
          if (!last) break;
          after = last.id;
        }
        for (const event of await this.repository.foreignEvents(trx, PAGE)) {
          verifier.report('event_not_logged', event.id, null, 'the event never went through the log');
        }
        if (verifier.checkedEvents === 0)
          verifier.report('trail_empty', null, null, 'there is nothing to verify');
        return {
          valid: verifier.faults.length === 0,
          treeSize: verifier.checkedEvents,
          rootHash: verifier.rootHash.toString('base64'),
          checkedEvents: verifier.checkedEvents,
          faults: verifier.faults,
        };
      },
      { snapshot: true },
    );
  }
}
