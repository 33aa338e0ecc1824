import { Injectable, Logger } from '@nestjs/common';
import type { StateReview, Violation } from '../state/state-rule.js';
import { AUDIT_RULES, PII_RULES, STATE_RULES, validateState } from '../state/state-validator.js';

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

  decide(request: GateRequest): GateDecision {
    const { runId, review } = request;
    const violations = violationsOf(request);
    const allowed = violations.length === 0;
    const rules = violations.map((violation) => violation.rule);
    const line = { event: 'gate.decided', runId, from: review.from, to: review.to, allowed, rules };
    // What was allowed stands in the audit trail; here it would be most of the log.
    if (allowed) this.logger.debug(line, 'transition allowed');
    else this.logger.warn(line, 'transition denied');
    return allowed ? { allowed } : { allowed, violations };
  }
}

/** What of the tier that fails is violated: the rules of audit manager and PII detector are of the compliance tier. */
function violationsOf({ review, record, scan }: GateRequest): readonly Violation[] {
  const state = validateState(review, STATE_RULES);
  if (state.some(({ tier }) => tier !== 'compliance')) return state;
  const recordable = succeeds(record);
  const residualFindings = countOf(scan);
  return [
    ...state,
    ...validateState({ ...review, recordable }, AUDIT_RULES),
    ...validateState({ ...review, residualFindings }, PII_RULES),
  ];
}

function succeeds(record: () => void): boolean {
  try {
    record();
    return true;
  } catch {
    return false;
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
