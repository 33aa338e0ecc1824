import { approvalBoundRule } from './rules/approval-bound.rule.js';
import { consentRule } from './rules/consent.rule.js';
import { contentIntactRule } from './rules/content-intact.rule.js';
import { deliverySettledRule } from './rules/delivery-settled.rule.js';
import { itemsCompleteRule } from './rules/items-complete.rule.js';
import { phaseOutputsRule } from './rules/phase-outputs.rule.js';
import { piiTokenizedRule } from './rules/pii-tokenized.rule.js';
import { sessionOwnershipRule } from './rules/session-ownership.rule.js';
import { stateOrderRule } from './rules/state-order.rule.js';
import { stateShapeRule } from './rules/state-shape.rule.js';
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
  tokensAddressedRule,
  approvalBoundRule,
  deliverySettledRule,
  contentIntactRule,
];

/** The rule of the PII detector, which comes after the audit manager in the order of checks (C1). */
export const PII_RULES: readonly StateRule[] = [piiTokenizedRule];

const TIERS: readonly RuleTier[] = ['basic', 'compliance', 'enterprise'];

/**
 * Checks a transition. A tier is looked at only when the one before it holds: ownership and consent of a state that
 * is not even well formed mean nothing. A rule that throws has not been passed.
 */
export function validateState(
  review: StateReview,
  rules: readonly StateRule[] = STATE_RULES,
): readonly Violation[] {
  for (const tier of TIERS) {
    const violations = rules
      .filter((rule) => rule.tier === tier && rule.entering.includes(review.to))
      .flatMap((rule) => violationsOf(rule, review));
    if (violations.length > 0) return violations;
  }
  return [];
}

function violationsOf(rule: StateRule, review: StateReview): Violation[] {
  try {
    const message = rule.check(review);
    return message === undefined ? [] : [{ rule: rule.id, tier: rule.tier, message }];
  } catch {
    return [{ rule: rule.id, tier: rule.tier, message: 'the rule could not be evaluated' }];
  }
}
