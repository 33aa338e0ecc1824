import type { AuditFact } from '../../compliance/audit/audit-leaf.js';
import type { PolicyDecision } from '../../compliance/policy/policy-decisions.service.js';
import type { Violation } from '../../compliance/state/state-rule.js';
import { validateState } from '../../compliance/state/state-validator.js';
import { policyDecidedRule } from '../../compliance/state/rules/policy-decided.rule.js';
import { policyPermittedRule } from '../../compliance/state/rules/policy-permitted.rule.js';
import type { RunChange } from '../runs/run-change.js';

/** The decision as it stands in the audit record. */
export function recordOf({ version, digest, result }: PolicyDecision) {
  return { engine: 'cedar', policyVersion: version, digest, result };
}

/** The decision as the history keeps it: all that is needed to ask again. */
export function keptOf({ version, digest, result, policies, request }: PolicyDecision) {
  return { version, digest, result, policies, request };
}

/** A change with the decision that led to it, in its records and in the history. */
export function withDecision(change: RunChange, decision: PolicyDecision): RunChange {
  return {
    ...change,
    history: change.history.map((entry) =>
      entry.kind === 'transition' || entry.status === 'denied'
        ? { ...entry, detail: { ...entry.detail, policy: keptOf(decision) } }
        : entry,
    ),
    facts: change.facts.map((fact): AuditFact =>
      fact.type === 'workflow.transition' || fact.type === 'workflow.transition_denied'
        ? { ...fact, decision: recordOf(decision) }
        : fact,
    ),
  };
}

/** What forbids something that is no transition; none where the policies permit it. */
export function violationsOf({ result, policies }: PolicyDecision): readonly Violation[] {
  return validateState({ from: null, to: 'DELIVERY', policy: { result, policies } }, [
    policyDecidedRule,
    policyPermittedRule,
  ]);
}
