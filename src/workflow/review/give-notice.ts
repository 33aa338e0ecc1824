import type { LoadedApproval, LoadedRun } from '../engine/loaded-run.js';
import { changeOf, joinChanges, NO_CHANGE, type RunChange } from '../runs/run-change.js';

const SYSTEM = { type: 'system', ref: 'engine' } as const;

/**
 * Tells people what is due of an approval: a reminder, or that others are asked now. That it was told stands on the
 * approval and commits with the telling, so each is told once; what nobody was there to tell in time is told as one.
 */
export function giveNotice(loaded: LoadedRun, now: Date): RunChange {
  const { approval } = loaded;
  if (!approval) return NO_CHANGE;
  const reminded = approval.remindAt.filter((at) => at <= now).length;
  const reminds = reminded > approval.reminded;
  const escalates =
    approval.escalateAt !== null && approval.escalatedAt === null && approval.escalateAt <= now;
  const noticed = {
    ...approval,
    reminded: Math.max(reminded, approval.reminded),
    ...(escalates && { escalatedAt: now, roles: approval.escalationRoles }),
  };
  loaded.approval = noticed;
  return [
    changeOf({
      closedApprovals: [
        {
          id: approval.id,
          status: approval.status,
          reminded: noticed.reminded,
          ...(escalates && { escalatedAt: now, roles: noticed.roles }),
        },
      ],
    }),
    escalates ? told(noticed, 'escalated', { roles: noticed.roles }, now) : NO_CHANGE,
    reminds
      ? told(noticed, 'reminded', { reminder: reminded, of: approval.remindAt.length }, now)
      : NO_CHANGE,
  ].reduce(joinChanges);
}

/** The notice in the history, to those who listen, and on record. */
function told(
  { id, roles, expiresAt }: LoadedApproval,
  what: 'reminded' | 'escalated',
  detail: Readonly<Record<string, unknown>>,
  now: Date,
): RunChange {
  return changeOf({
    history: [
      {
        kind: 'approval',
        phase: 'REVIEW',
        status: what,
        detail: { approvalId: id, ...detail },
        startedAt: now,
        endedAt: now,
      },
    ],
    events: [
      {
        type: `approval.${what}`,
        data: { approvalId: id, ...detail, roles, expiresAt: expiresAt.toISOString() },
      },
    ],
    facts: [
      {
        ...(what === 'escalated'
          ? { type: 'approval.escalated', detail: { roles: roles.join(' ') } }
          : { type: 'approval.reminded', detail: { reminder: String(detail.reminder) } }),
        outcome: 'success',
        actor: SYSTEM,
        targets: [{ type: 'approval', ref: id }],
      },
    ],
  });
}
