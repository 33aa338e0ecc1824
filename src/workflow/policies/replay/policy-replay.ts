import type { PolicyDecision } from '../../../compliance/policy/policy-decisions.service.js';
import type { PolicyAction } from '../../../compliance/policy/policy-request.js';

type Result = PolicyDecision['result'];

/** A decision that the version would have made otherwise. */
export interface DecisionChange {
  /** Null for a start that was denied: no run came of it. */
  readonly runId: string | null;
  readonly at: string;
  readonly action: PolicyAction;
  readonly recorded: {
    readonly version: string;
    readonly result: Result;
    readonly policies: readonly string[];
  };
  readonly replayed: {
    readonly version: string;
    readonly result: Result;
    readonly policies: readonly string[];
  };
}

/** What was looked at and what came of it. */
export interface ReplayTally {
  readonly runs: number;
  /** Decisions that were asked again. */
  readonly decisions: number;
  readonly unchanged: number;
  /** Permitted then, and not any more. */
  readonly nowRefused: number;
  /** Refused then, and permitted now. */
  readonly nowAllowed: number;
  /** Refused then and now, the one time by a policy and the other for want of an answer. */
  readonly otherwiseRefused: number;
  /** Whose record does not hold what was asked. */
  readonly notReplayable: number;
}

export const NOTHING_REPLAYED: ReplayTally = {
  runs: 0,
  decisions: 0,
  unchanged: 0,
  nowRefused: 0,
  nowAllowed: 0,
  otherwiseRefused: 0,
  notReplayable: 0,
};

/** Both tallies together. */
export function addTally(one: ReplayTally, other: ReplayTally): ReplayTally {
  return {
    runs: one.runs + other.runs,
    decisions: one.decisions + other.decisions,
    unchanged: one.unchanged + other.unchanged,
    nowRefused: one.nowRefused + other.nowRefused,
    nowAllowed: one.nowAllowed + other.nowAllowed,
    otherwiseRefused: one.otherwiseRefused + other.otherwiseRefused,
    notReplayable: one.notReplayable + other.notReplayable,
  };
}

/** The tally of one decision. */
export function tallyOf(recorded: Result, replayed: Result): ReplayTally {
  return {
    ...NOTHING_REPLAYED,
    decisions: 1,
    unchanged: Number(recorded === replayed),
    nowRefused: Number(recorded === 'allow' && replayed !== 'allow'),
    nowAllowed: Number(recorded !== 'allow' && replayed === 'allow'),
    otherwiseRefused: Number(recorded !== 'allow' && replayed !== 'allow' && recorded !== replayed),
  };
}
