import type { Principal } from '../../auth/principal.js';
import { AppError } from '../../kernel/app-error.js';
import type { LoadedApproval } from '../engine/loaded-run.js';
import type { Run } from '../runs/run.js';

/** What people have made of an approval; a cancelled or expired one was decided by nobody. */
const DECIDED: ReadonlySet<string> = new Set(['approved', 'rejected', 'changes_requested']);

/** Codes by which the database refuses a decision, see the migration of approvals. */
const REFUSALS_OF_DATABASE: Readonly<Record<string, () => AppError>> = {
  CS001: () => new AppError('APPROVAL_FOUR_EYES'),
  CS005: expired,
  CS006: () => new AppError('APPROVAL_NOT_YOURS'),
};

/** Why a principal may not decide so; undefined when they may. */
export function refusalOf(
  run: Run,
  approval: LoadedApproval | undefined,
  principal: Principal,
  decision: string,
  now: Date,
): AppError | undefined {
  const closed = closedFor(run, approval, now);
  if (closed || !approval) return closed;
  if (hasDecided(approval, principal.id)) {
    return new AppError('APPROVAL_ALREADY_DECIDED', { detail: 'You have decided on this version already.' });
  }
  if (decision === 'approve' && approval.fourEyes && approval.requesterId === principal.id) {
    return new AppError('APPROVAL_FOUR_EYES');
  }
  return notTheirs(approval, principal);
}

/** Why nobody can decide any more. */
export function closedFor(run: Run, approval: LoadedApproval | undefined, now: Date): AppError | undefined {
  if (run.status !== 'WAITING_FOR_APPROVAL' || approval?.status !== 'pending')
    return notWaiting(run, approval);
  return approval.expiresAt <= now ? expired() : undefined;
}

/** Why this is not the principal's to decide: another role, or a say that was handed on. */
export function notTheirs(approval: LoadedApproval, { id, roles }: Principal): AppError | undefined {
  if (approval.delegations.some(({ fromActor }) => fromActor === id)) {
    return new AppError('APPROVAL_NOT_YOURS', { detail: 'You have handed your say to somebody else.' });
  }
  const isAsked = roles.some((role) => approval.roles.includes(role));
  if (isAsked || approval.delegations.some(({ toActor }) => toActor === id)) return undefined;
  return new AppError('APPROVAL_NOT_YOURS', { detail: `It is for ${approval.roles.join(', ')} to decide.` });
}

/** Whether somebody has decided on what is shown now. */
export function hasDecided(approval: LoadedApproval, actorId: string): boolean {
  return approval.decisions.some(
    (each) => each.actorId === actorId && each.bindingHash.equals(approval.bindingHash),
  );
}

/** The refusal that an error of the database stands for, if it is one. */
export function refusalByDatabase(error: unknown): AppError | undefined {
  return REFUSALS_OF_DATABASE[(error as { code?: string }).code ?? '']?.();
}

function notWaiting(run: Run, approval: LoadedApproval | undefined): AppError {
  if (approval && DECIDED.has(approval.status)) {
    return new AppError('APPROVAL_ALREADY_DECIDED', { detail: `The approval is ${approval.status}.` });
  }
  return new AppError('RUN_NOT_WAITING', { detail: `The run is ${run.status}.` });
}

function expired(): AppError {
  return new AppError('RUN_NOT_WAITING', { detail: 'The approval has expired.' });
}
