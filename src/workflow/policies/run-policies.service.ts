import { Inject, Injectable } from '@nestjs/common';
import type { Principal } from '../../auth/principal.js';
import { ActivePolicies } from '../../compliance/policy/active-policies.service.js';
import { type PolicyDecision, PolicyDecisions } from '../../compliance/policy/policy-decisions.service.js';
import { actionOf } from '../../compliance/policy/policy-request.js';
import type { Phase } from '../../compliance/state/phases.js';
import type { StateReview } from '../../compliance/state/state-rule.js';
import type { AppConfig } from '../../config/app-config.js';
import { InjectConfig } from '../../config/inject-config.js';
import { CLOCK, type Clock } from '../../kernel/clock.js';
import type { RunOrigin } from '../admission/new-run.js';
import type { LoadedRun } from '../engine/loaded-run.js';
import { reviewOversight } from '../engine/oversight-review.js';
import {
  classificationOf,
  type PolicyQuestion,
  policyRequestOf,
  type PolicySubject,
} from './policy-question.js';

/** A transition with what its policies say, for the gate and for the record. */
export interface ReviewedTransition {
  readonly review: StateReview;
  readonly decision: PolicyDecision;
}

/** Asks the policies about runs. */
@Injectable()
export class RunPolicies {
  constructor(
    private readonly decisions: PolicyDecisions,
    private readonly active: ActivePolicies,
    @InjectConfig('llm') private readonly llm: AppConfig['llm'],
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** What a run that starts now keeps for its life. */
  async pin(tenantId: string): Promise<Pick<RunOrigin, 'policyVersion' | 'policyActivation'>> {
    const { version, activation } = await this.active.now(tenantId);
    return { policyVersion: version, policyActivation: activation };
  }

  /** Adds to the facts of a transition how the run is classified and what the policies say. */
  async review(
    subject: PolicySubject,
    to: Phase | 'COMPLETED',
    facts: StateReview,
  ): Promise<ReviewedTransition> {
    const { fact: classification } = classificationOf(subject);
    const decision = await this.decide(subject, { action: actionOf(to), review: facts });
    const { result, policies } = decision;
    return { review: { ...facts, classification, policy: { result, policies } }, decision };
  }

  /** Whether the messages of a run may leave. */
  decideDelivery(loaded: LoadedRun): Promise<PolicyDecision> {
    const review = { from: 'DELIVERY', ...reviewOversight(loaded) };
    return this.decide(loaded.policySubject, { action: 'deliver', review });
  }

  /** Whether a person may approve what the run shows. */
  decideApproval(loaded: LoadedRun, { id, roles }: Principal): Promise<PolicyDecision> {
    const review = { from: 'REVIEW', ...reviewOversight(loaded) };
    return this.decide(loaded.policySubject, { action: 'approve', principal: { id, roles }, review });
  }

  /** @throws when the database does not answer; then nothing was decided. */
  private decide(subject: PolicySubject, question: PolicyQuestion): Promise<PolicyDecision> {
    const { findings, fact } = classificationOf(subject);
    const { policyVersion: version, policyActivation: activation } = subject.run;
    const request = policyRequestOf(subject, question, {
      findings,
      classification: fact.settled,
      provider: this.llm.provider,
      now: this.clock.now(),
    });
    return this.decisions.decide(request, { version, activation });
  }
}
