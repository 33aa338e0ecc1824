import { isPhase } from './phases.js';
import { approvalBoundRule } from './rules/approval-bound.rule.js';
import { auditCheckpointRule } from './rules/audit-checkpoint.rule.js';
import { auditRecordableRule } from './rules/audit-recordable.rule.js';
import { classificationSettledRule } from './rules/classification-settled.rule.js';
import { consentRule } from './rules/consent.rule.js';
import { contentCompliantRule } from './rules/content-compliant.rule.js';
import { contentIntactRule } from './rules/content-intact.rule.js';
import { deliveryConfirmedRule } from './rules/delivery-confirmed.rule.js';
import { deliverySettledRule } from './rules/delivery-settled.rule.js';
import { itemsCompleteRule } from './rules/items-complete.rule.js';
import { outputSanitisedRule } from './rules/output-sanitised.rule.js';
import { outputValidRule } from './rules/output-valid.rule.js';
import { phaseOutputsRule } from './rules/phase-outputs.rule.js';
import { piiTokenizedRule } from './rules/pii-tokenized.rule.js';
import { policyDecidedRule } from './rules/policy-decided.rule.js';
import { policyPermittedRule } from './rules/policy-permitted.rule.js';
import { reviewCompleteRule } from './rules/review-complete.rule.js';
import { sessionOwnershipRule } from './rules/session-ownership.rule.js';
import { stateOrderRule } from './rules/state-order.rule.js';
import { stateShapeRule } from './rules/state-shape.rule.js';
import { strategyValidRule } from './rules/strategy-valid.rule.js';
import { templateValidRule } from './rules/template-valid.rule.js';
import { tokensAddressedRule } from './rules/tokens-addressed.rule.js';
import { userAuthenticationRule } from './rules/user-authentication.rule.js';
import type { RuleTier, StateReview, StateRule, Violation } from './state-rule.js';

/** Every rule, tier by tier. Adding one is a file and a line. */
export const STATE_RULES: readonly StateRule[] = [
  stateShapeRule,
  stateOrderRule,
  phaseOutputsRule,
  itemsCompleteRule,
  userAuthenticationRule,
  sessionOwnershipRule,
  consentRule,
  classificationSettledRule,
  strategyValidRule,
  contentCompliantRule,
  templateValidRule,
  outputSanitisedRule,
  tokensAddressedRule,
  approvalBoundRule,
  reviewCompleteRule,
  auditCheckpointRule,
  outputValidRule,
  deliverySettledRule,
  deliveryConfirmedRule,
  contentIntactRule,
  policyDecidedRule,
  policyPermittedRule,
];

/** The rule of the audit manager, which comes after the state validator in the order of checks (C1). */
export const AUDIT_RULES: readonly StateRule[] = [auditRecordableRule];

/** The rule of the PII detector, which comes after the audit manager. */
export const PII_RULES: readonly StateRule[] = [piiTokenizedRule];

/** Every rule in the order in which the gate asks them. */
export const ALL_RULES: readonly StateRule[] = [...STATE_RULES, ...AUDIT_RULES, ...PII_RULES];

const TIERS: readonly RuleTier[] = ['basic', 'compliance', 'enterprise'];

/**
 * Checks a transition. A tier is looked at only when the one before it holds: ownership and consent of a state that
 * is not even well formed mean nothing. Every violation of the tier that fails is given, in the order of the rules. A rule
 * that throws has not been passed, and nothing leads to what is no phase.
 */
export function validateState(
  review: StateReview,
  rules: readonly StateRule[] = STATE_RULES,
): readonly Violation[] {
  const to = targetOf(review);
  if (to === undefined) return [NO_TARGET];
  for (const tier of TIERS) {
    const violations = rules
      .filter((rule) => rule.tier === tier && rule.entering.includes(to))
      .flatMap((rule) => violationsOf(rule, review));
    if (violations.length > 0) return violations;
  }
  return [];
}

const NO_TARGET: Violation = {
  rule: 'state.shape',
  tier: 'basic',
  message: 'the target of the transition is not one of the six phases or the end',
};

function targetOf(review: StateReview): StateReview['to'] | undefined {
  try {
    const { to } = review;
    return isPhase(to) || to === 'COMPLETED' ? to : undefined;
  } catch {
    return undefined;
  }
}

function violationsOf(rule: StateRule, review: StateReview): Violation[] {
  try {
    const message = rule.check(review);
    return message === undefined ? [] : [{ rule: rule.id, tier: rule.tier, message }];
  } catch {
    return [{ rule: rule.id, tier: rule.tier, message: 'the rule could not be evaluated' }];
  }
}
