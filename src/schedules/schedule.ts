import type { Timing } from './timing/due-times.js';

/** What happens to a fire while a run of the same schedule is still open. */
export const OVERLAPS = ['skip', 'queue', 'allow', 'cancel_previous'] as const;
export type Overlap = (typeof OVERLAPS)[number];

export type FireTrigger = 'schedule' | 'manual' | 'backfill';

/** `pending` and `waiting` are open, everything else is final. */
export const FIRE_OUTCOMES = ['pending', 'waiting', 'started', 'skipped', 'missed', 'denied'] as const;
export type FireOutcome = (typeof FIRE_OUTCOMES)[number];

/** Why a fire was skipped or missed; a denial carries a code of the error catalogue or of {@link OwnerFault}. */
export type SkipCode = 'OVERLAP' | 'PAUSED' | 'DELETED' | 'MISSED';

/** Why a schedule may not act for its owner any more. */
export type OwnerFault = 'OWNER_UNKNOWN' | 'OWNER_REVOKED' | 'OWNER_EXPIRED' | 'OWNER_FORBIDDEN';

/** A schedule as its row holds it; what it starts runs with stays sealed. */
export interface Schedule extends Timing {
  readonly tenantId: string;
  readonly name: string;
  readonly ownerId: string;
  readonly definition: string;
  /** Absent: the newest at each fire. */
  readonly definitionVersion: number | null;
  /** The session whose consents the runs carry. */
  readonly sessionId: string;
  /** Null once deleted. */
  readonly sealedInput: Buffer | null;
  readonly attributes: Readonly<Record<string, string>>;
  readonly overlap: Overlap;
  readonly paused: boolean;
  readonly pauseReason: string | null;
  readonly nextFireAt: Date | null;
  readonly wakeAt: Date | null;
  readonly counts: {
    readonly started: number;
    readonly skipped: number;
    readonly missed: number;
    readonly denied: number;
  };
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly deletedAt: Date | null;
}

/** One fire time of a schedule and what became of it. */
export interface Fire {
  readonly id: string;
  readonly tenantId: string;
  readonly scheduleId: string;
  readonly fireAt: Date;
  readonly trigger: FireTrigger;
  /** Null: as the schedule says. */
  readonly overlap: Overlap | null;
  readonly outcome: FireOutcome;
  /** Why there is no run: a {@link SkipCode}, an {@link OwnerFault} or a code of the error catalogue. */
  readonly code: string | null;
  /** The rule of the compliance gate that denied. */
  readonly rule: string | null;
  /** Above 1 for missed fire times that one row stands for, from `fireAt` to `untilAt`. */
  readonly count: number;
  readonly untilAt: Date | null;
  readonly runId: string | null;
  /** How often it was tried to carry it out. */
  readonly attempts: number;
  /** Not before then, after an attempt that met a fault. */
  readonly retryAt: Date | null;
  readonly createdAt: Date;
  readonly settledAt: Date | null;
}

export function statusOf(schedule: Schedule): 'active' | 'paused' | 'ended' {
  if (schedule.paused) return 'paused';
  return schedule.nextFireAt ? 'active' : 'ended';
}
