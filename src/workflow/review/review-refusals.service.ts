import { Injectable } from '@nestjs/common';
import { AuditTrail } from '../../compliance/audit/audit-trail.service.js';
import type { PolicyDecision } from '../../compliance/policy/policy-decisions.service.js';
import { DatabaseService } from '../../database/database.service.js';
import type { Principal } from '../../auth/principal.js';
import type { AppError } from '../../kernel/app-error.js';
import { recordOf } from '../policies/policy-record.js';
import { PolicyRefusals } from '../policies/replay/policy-refusals.repository.js';

/** A refusal is a result too: it is recorded, then answered. */
@Injectable()
export class ReviewRefusals {
  constructor(
    private readonly database: DatabaseService,
    private readonly audit: AuditTrail,
    private readonly refusals: PolicyRefusals,
  ) {}

  /** @throws the refusal, once it is on record. */
  async refuse(
    runId: string,
    principal: Principal,
    requestId: string,
    refusal: AppError,
    policy?: PolicyDecision,
  ): Promise<never> {
    await this.database.withTenant(principal.tenantId, async (trx) => {
      await this.audit.append(trx, principal.tenantId, {
        type: 'approval.denied',
        outcome: 'denied',
        actor: { type: 'apiKey', ref: principal.id },
        targets: [{ type: 'workflow', ref: runId }],
        code: refusal.code,
        decision: policy && recordOf(policy),
        context: { requestId },
      });
      if (policy) await this.refusals.keep(trx, principal.tenantId, runId, policy);
    });
    throw refusal;
  }
}
