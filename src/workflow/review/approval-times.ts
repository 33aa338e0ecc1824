import { derivedId } from '../../kernel/ids.js';
import type { RunJobRequest } from '../runs/run-change.js';
import type { ApprovalTerms } from './approval-terms.js';

/** When something is due with an approval, and what of it is done with. */
export interface ApprovalTimes extends Pick<ApprovalTerms, 'expiresAt' | 'remindAt' | 'escalateAt'> {
  readonly id: string;
  /** How many of the reminders are done with. */
  readonly reminded: number;
  readonly escalatedAt: Date | null;
}

/**
 * The jobs that wake the run of an approval, committed with it. Their ids follow from the approval's, so that whoever
 * decides can end them without having to look for them.
 */
export function wakesOf(
  approval: ApprovalTimes,
): (RunJobRequest & { readonly id: string; readonly startAfter: Date })[] {
  const { id, expiresAt, remindAt, escalateAt } = approval;
  const times: [jobId: string, at: Date][] = [
    [id, expiresAt],
    ...remindAt.map((at, index) => [derivedId(id, `reminder/${index}`), at] as [string, Date]),
    ...(escalateAt ? [[derivedId(id, 'escalation'), escalateAt] as [string, Date]] : []),
  ];
  return times.map(([jobId, startAfter]) => ({ name: 'workflow.drive', id: jobId, startAfter }));
}

/** When the job was to wake the run; undefined for a job that is none of the approval's. */
export function dueOfWake(approval: ApprovalTimes | undefined, jobId: string): Date | undefined {
  return approval && wakesOf(approval).find(({ id }) => id === jobId)?.startAfter;
}

/** When people are to be told next, by a reminder or by asking others. */
export function nextNoticeAt({
  remindAt,
  reminded,
  escalateAt,
  escalatedAt,
}: ApprovalTimes): Date | undefined {
  const times = [...remindAt.slice(reminded), ...(escalateAt && !escalatedAt ? [escalateAt] : [])];
  return times.length === 0 ? undefined : new Date(Math.min(...times.map((at) => at.getTime())));
}

/** How long somebody had an approval before them when they decided. */
export function secondsBetween(askedAt: Date, decidedAt: Date): number {
  return Math.max(0, Math.round((decidedAt.getTime() - askedAt.getTime()) / 1_000));
}
