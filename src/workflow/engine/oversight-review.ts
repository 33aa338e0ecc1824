import type { StateReview } from '../../compliance/state/state-rule.js';
import { bindingHash } from '../review/binding.js';
import type { LoadedRun } from './loaded-run.js';

/** What was approved, by whom, and what is there now. */
export function reviewOversight(loaded: LoadedRun): Pick<StateReview, 'approval' | 'oversight'> {
  const { approval, artifact, definition, input } = loaded;
  if (!approval || !artifact) {
    // Nobody has to approve what nobody reviews and nobody receives.
    const { REVIEW, DELIVERY } = definition.phases;
    const fact = REVIEW.approval || DELIVERY.delivery ? undefined : 'not_needed';
    return { approval: fact, oversight: fact };
  }
  const actual = bindingHash(definition, input, artifact.content);
  const approvals = approval.decisions.filter(
    (each) => each.decision === 'approve' && each.bindingHash.equals(approval.bindingHash),
  );
  return {
    approval: {
      status: approval.status,
      approvedHash: approval.bindingHash.toString('hex'),
      actualHash: actual.toString('hex'),
    },
    oversight: {
      required: approval.requiredApprovals,
      approvals: new Set(approvals.map(({ actorId }) => actorId)).size,
      invalid: approvals.filter(
        ({ actorId, decidedAt }) =>
          (approval.fourEyes && actorId === approval.requesterId) || decidedAt >= approval.expiresAt,
      ).length,
    },
  };
}
