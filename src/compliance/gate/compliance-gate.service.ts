import { Injectable, Logger } from '@nestjs/common';
import type { StateReview, Violation } from '../state/state-rule.js';
import { PII_RULES, STATE_RULES, validateState } from '../state/state-validator.js';

/** What the gate says of a transition. */
export type GateDecision =
  { readonly allowed: true } | { readonly allowed: false; readonly violations: readonly Violation[] };

export interface GateRequest {
  /** The run, for the privacy log. */
  readonly runId: string;
  readonly review: StateReview;
  /** Builds the audit records of the transition; throws when they cannot be built. */
  readonly record: () => void;
  /** Scans what is about to be stored; the number of findings outside tokens. */
  readonly scan: () => number;
}

/**
 * The gate every transition passes, in the order of C1: state validator, audit manager, PII detector, privacy log.
 * It fails closed: a check that cannot be made is a denial, and the caller commits the denial with its record.
 */
@Injectable()
export class ComplianceGate {
  private readonly logger = new Logger(ComplianceGate.name);

  decide({ runId, review, record, scan }: GateRequest): GateDecision {
    const violations =
      nonEmpty(validateState(review, STATE_RULES)) ??
      nonEmpty(recordable(record)) ??
      nonEmpty(validateState({ ...review, residualFindings: countOf(scan) }, PII_RULES));
    const rules = violations?.map((violation) => violation.rule);
    const line = {
      event: 'gate.decided',
      runId,
      from: review.from,
      to: review.to,
      allowed: !violations,
      rules,
    };
    // What was allowed stands in the audit trail; here it would be most of the log.
    if (violations) this.logger.warn(line, 'transition denied');
    else this.logger.debug(line, 'transition allowed');
    return violations ? { allowed: false, violations } : { allowed: true };
  }
}

function nonEmpty(violations: readonly Violation[]): readonly Violation[] | undefined {
  return violations.length > 0 ? violations : undefined;
}

function recordable(record: () => void): readonly Violation[] {
  try {
    record();
    return [];
  } catch {
    return [{ rule: 'audit.recordable', tier: 'compliance', message: 'the transition cannot be recorded' }];
  }
}

/** A detector that fails has found nothing out, so the fact stays absent and its rule denies. */
function countOf(scan: () => number): number | undefined {
  try {
    return scan();
  } catch {
    return undefined;
  }
}
