import { Injectable } from '@nestjs/common';
import type { Principal } from '../../auth/principal.js';
import type { AuditFact } from '../../compliance/audit/audit-leaf.js';
import { AuditTrail, type PreparedAudit } from '../../compliance/audit/audit-trail.service.js';
import { ConsentService } from '../../compliance/consent/consent.service.js';
import { ComplianceGate } from '../../compliance/gate/compliance-gate.service.js';
import { denialDetail } from '../../compliance/gate/denial-detail.js';
import type { Tokenizer } from '../../compliance/pii/operators/tokenizer.js';
import type { PolicyDecision } from '../../compliance/policy/policy-decisions.service.js';
import type { Violation } from '../../compliance/state/state-rule.js';
import { DatabaseService } from '../../database/database.service.js';
import { AppError } from '../../kernel/app-error.js';
import type { Session } from '../../sessions/session.js';
import type { WorkflowDefinition } from '../definitions/definition.schema.js';
import { recordOf, withDecision } from '../policies/policy-record.js';
import { PolicyRefusals } from '../policies/replay/policy-refusals.repository.js';
import { RunPolicies } from '../policies/run-policies.service.js';
import type { Run } from '../runs/run.js';
import type { RunChange } from '../runs/run-change.js';
import { RunWriter } from '../runs/run-writer.service.js';
import type { NewStart } from './new-run.js';

/** Somebody who asks for a run in a session of theirs. */
export interface Applicant {
  readonly principal: Principal;
  readonly session: Session;
}

/** A start that is to be let in. */
export interface StartCandidate extends NewStart {
  readonly definition: WorkflowDefinition;
  readonly tokenizer: Tokenizer;
}

/** The first gate of every run, however it comes to be. */
@Injectable()
export class StartGate {
  constructor(
    private readonly consents: ConsentService,
    private readonly gate: ComplianceGate,
    private readonly policies: RunPolicies,
    private readonly refusals: PolicyRefusals,
    private readonly audit: AuditTrail,
    private readonly writer: RunWriter,
    private readonly database: DatabaseService,
  ) {}

  /**
   * The change that starts the run, with its records.
   *
   * @throws AppError TRANSITION_DENIED with the violations when the gate does not let it in, after the denial was
   *   committed.
   */
  async admit(
    { principal, session }: Applicant,
    { run, definition, recipientRefs, tokenizer, input, requestId }: StartCandidate,
    change: RunChange,
  ): Promise<RunChange> {
    const { purpose } = definition;
    const consent = await this.consents.covers(run.tenantId, run.sessionId, purpose, recipientRefs);
    const { review, decision } = await this.policies.review(
      { run, definition, input, tokenizer },
      'INITIALIZATION',
      {
        from: null,
        to: 'INITIALIZATION',
        actorId: principal.id,
        ownerId: run.ownerId,
        // `use` has thrown already for a session that is not usable.
        session: { ownerId: session.ownerId, usable: true },
        consent: { covered: consent.covered, missing: consent.missing, purpose },
      },
    );
    const decided = withDecision(change, decision);
    let audit: PreparedAudit | undefined;
    const verdict = this.gate.decide({
      runId: run.id,
      review,
      record: () => {
        audit = this.writer.record(run, decided);
      },
      scan: () => tokenizer.residual(input).length,
    });
    if (verdict.allowed) return { ...decided, audit };
    await this.recordDenial(principal, run, { violations: verdict.violations, decision }, requestId);
    throw new AppError('TRANSITION_DENIED', { members: { violations: verdict.violations } });
  }

  private async recordDenial(
    principal: Principal,
    run: Run,
    {
      violations,
      decision,
    }: { readonly violations: readonly Violation[]; readonly decision: PolicyDecision },
    requestId: string,
  ): Promise<void> {
    const fact: AuditFact = {
      type: 'workflow.start_denied',
      outcome: 'denied',
      actor: { type: 'apiKey', ref: principal.id },
      code: violations[0]?.rule,
      sessionId: run.sessionId,
      targets: [{ type: 'session', ref: run.sessionId }],
      context: { requestId },
      change: { to: 'INITIALIZATION' },
      decision: recordOf(decision),
      detail: {
        definition: run.definition,
        ...denialDetail(violations),
      },
    };
    await this.database.withTenant(principal.tenantId, async (trx) => {
      await this.audit.append(trx, principal.tenantId, fact);
      await this.refusals.keep(trx, principal.tenantId, run.sessionId, decision);
    });
  }
}
