import { PHASES, type Phase } from '../../compliance/state/phases.js';
import type { RuleTier, Violation } from '../../compliance/state/state-rule.js';
import { ALL_RULES, STATE_RULES } from '../../compliance/state/state-validator.js';

export type GateTarget = Phase | 'COMPLETED';

/** The places a gate stands before, in the order of a run. */
const GATES: readonly GateTarget[] = [...PHASES, 'COMPLETED'];

/** A transition as the trail has it: one that the gate let through, or one that it denied. */
export interface RecordedPassage {
  readonly eventId: string;
  readonly occurredAt: Date;
  readonly from: string | null;
  readonly to: string;
  readonly allowed: boolean;
  /** Ids of the rules that denied it. */
  readonly violated: readonly string[];
}

export interface RuleResult {
  readonly rule: string;
  readonly tier: RuleTier;
  /** `not_evaluated`: a tier is looked at only when the one before it holds. */
  readonly result: 'passed' | 'failed' | 'not_evaluated';
  /** Why it failed, where that is still known; never personal data. */
  readonly message: string | null;
}

export interface GateCheck {
  readonly entering: GateTarget;
  readonly result: 'passed' | 'denied' | 'not_reached';
  /** Every rule that guards it, as the newest passage left it; `not_evaluated` when nobody came there. */
  readonly rules: readonly RuleResult[];
  readonly passages: readonly {
    readonly eventId: string;
    readonly occurredAt: string;
    readonly from: string | null;
    readonly decision: 'allowed' | 'denied';
    readonly violated: readonly string[];
  }[];
}

/**
 * What every gate of a run has said, rule by rule (C2). What was allowed has passed all of its rules; what was denied
 * has failed those on record.
 *
 * @param violations texts of the denials, where they are still known.
 */
export function gateChecksOf(
  passages: readonly RecordedPassage[],
  violations: readonly Violation[],
): GateCheck[] {
  return GATES.map((entering) => {
    const own = passages.filter(({ to }) => to === entering);
    const newest = own.at(-1);
    return {
      entering,
      result: !newest ? 'not_reached' : newest.allowed ? 'passed' : 'denied',
      rules: resultsOf(entering, newest, violations),
      passages: own.map(({ eventId, occurredAt, from, allowed, violated }) => ({
        eventId,
        occurredAt: occurredAt.toISOString(),
        from,
        decision: allowed ? 'allowed' : 'denied',
        violated,
      })),
    };
  });
}

function resultsOf(
  entering: GateTarget,
  passage: RecordedPassage | undefined,
  violations: readonly Violation[],
): RuleResult[] {
  const guards = ALL_RULES.filter((rule) => rule.entering.includes(entering));
  const failed = (passage?.violated ?? []).map((rule): RuleResult => {
    const told = violations.find((violation) => violation.rule === rule);
    const tier = guards.find(({ id }) => id === rule)?.tier ?? told?.tier ?? 'compliance';
    return { rule, tier, result: 'failed', message: told?.message ?? null };
  });
  const others = guards
    .filter(({ id }) => !failed.some(({ rule }) => rule === id))
    .map(({ id, tier }): RuleResult => ({
      rule: id,
      tier,
      result: resultOf(id, tier, passage, failed),
      message: null,
    }));
  return [...others, ...failed].toSorted((one, other) => orderOf(one) - orderOf(other));
}

/** Audit manager and detector are asked beside the rules of their tier only: about any other denial they were not. */
function resultOf(
  id: string,
  tier: RuleTier,
  passage: RecordedPassage | undefined,
  failed: readonly RuleResult[],
): RuleResult['result'] {
  if (!passage) return 'not_evaluated';
  if (passage.allowed) return 'passed';
  const failing = failed[0]?.tier ?? 'basic';
  const isAsked = isOfState(id) ? TIERS.indexOf(tier) <= TIERS.indexOf(failing) : tier === failing;
  return isAsked ? 'passed' : 'not_evaluated';
}

function isOfState(rule: string): boolean {
  return STATE_RULES.some(({ id }) => id === rule);
}

const TIERS: readonly RuleTier[] = ['basic', 'compliance', 'enterprise'];

function orderOf({ rule, tier }: RuleResult): number {
  const position = ALL_RULES.findIndex(({ id }) => id === rule);
  return TIERS.indexOf(tier) * ALL_RULES.length + (position < 0 ? ALL_RULES.length - 1 : position);
}
