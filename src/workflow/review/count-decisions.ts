import type { LoadedApproval } from '../engine/loaded-run.js';

type Decisions = LoadedApproval['decisions'];

/** Decisions as they count: of each person the newest only. */
function standingDecisions(decisions: Decisions): Decisions {
  return [...new Map(decisions.map((each) => [each.actorId, each])).values()];
}

/**
 * What an approval has come to with its newest decision.
 *
 * @param shown the binding hash of what is shown now; approvals given to something else do not count, rejections do.
 */
export function statusAfter(
  decisions: Decisions,
  { requiredApprovals, rejectQuorum }: Pick<LoadedApproval, 'requiredApprovals' | 'rejectQuorum'>,
  shown: Buffer,
): string {
  if (decisions.at(-1)?.decision === 'request_changes') return 'changes_requested';
  const standing = standingDecisions(decisions);
  const rejected = standing.filter((each) => each.decision === 'reject');
  if (rejected.length >= rejectQuorum) return 'rejected';
  const approved = standing.filter((each) => each.decision === 'approve' && each.bindingHash.equals(shown));
  return approved.length < requiredApprovals ? 'pending' : 'approved';
}
