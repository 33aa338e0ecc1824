import type { ApprovalPlan } from '../definitions/approval.schema.js';
import { REVIEWER_ROLES } from './reviewer-roles.js';

/** Who is asked and until when, as it stands from the moment an approval is asked for. */
export interface ApprovalTerms {
  readonly fourEyes: boolean;
  readonly requiredApprovals: number;
  /** How many rejections end the run. */
  readonly rejectQuorum: number;
  /** Roles that may decide. */
  readonly roles: readonly string[];
  readonly expiresAt: Date;
  /** When people are reminded, in order. */
  readonly remindAt: readonly Date[];
  /** When others are asked; null = never. */
  readonly escalateAt: Date | null;
  /** Roles that may decide from then on. */
  readonly escalationRoles: readonly string[];
}

/** What the configuration says of every approval. */
export interface ApprovalDefaults {
  readonly fourEyes: boolean;
  readonly approvalExpiryHours: number;
}

/** The terms of an approval that is asked for now. What would come after it has expired is left out. */
export function termsOf(plan: ApprovalPlan, defaults: ApprovalDefaults, now: Date): ApprovalTerms {
  const after = (hours: number) => new Date(now.getTime() + hours * 3_600_000);
  const expiresAt = after(plan.expiresInHours ?? defaults.approvalExpiryHours);
  const roles = plan.roles ?? REVIEWER_ROLES;
  const escalateAt = plan.escalation && after(plan.escalation.afterHours);
  const escalates = escalateAt !== undefined && escalateAt < expiresAt;
  return {
    fourEyes: defaults.fourEyes || plan.fourEyes === true,
    requiredApprovals: plan.required,
    rejectQuorum: plan.rejectQuorum ?? 1,
    roles: [...new Set(roles)],
    expiresAt,
    remindAt: (plan.reminders ?? [])
      .map((each) => after(each.afterHours))
      .filter((at) => at < expiresAt)
      .toSorted((one, other) => one.getTime() - other.getTime()),
    escalateAt: escalates ? escalateAt : null,
    escalationRoles: escalates
      ? [...new Set([...(plan.escalation?.instead ? [] : roles), ...(plan.escalation?.roles ?? [])])]
      : [],
  };
}
