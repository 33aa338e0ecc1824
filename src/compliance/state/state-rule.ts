import type { Phase } from './phases.js';

/** Basic: shape and order. Compliance: ownership, consent, personal data, approval. Enterprise: tenant policies. */
export type RuleTier = 'basic' | 'compliance' | 'enterprise';

/** Why a transition is denied. */
export interface Violation {
  readonly rule: string;
  readonly tier: RuleTier;
  /** Public text; never personal data. */
  readonly message: string;
}

/**
 * Everything the rules look at, gathered beforehand so that they stay pure. Values come from the database or
 * from outside, so a rule trusts no type beyond this shape. A fact that is absent was not established, and a rule
 * that needs it denies.
 */
export interface StateReview {
  /** Null at the start of a run. */
  readonly from: unknown;
  /** The phase to be entered, or COMPLETED. */
  readonly to: Phase | 'COMPLETED';
  /** The run as it stands, not yet trusted. */
  readonly run?: { readonly status?: unknown; readonly version?: unknown; readonly context?: unknown };
  readonly actorId?: string;
  readonly ownerId?: string;
  readonly session?: { readonly ownerId: string; readonly usable: boolean };
  readonly consent?: { readonly covered: boolean; readonly missing: number; readonly purpose: string };
  /** Names of agents whose output the phase being left must have, and those that are there. */
  readonly outputs?: { readonly required: readonly string[]; readonly present: readonly string[] };
  /**
   * Items that should have been made and those that were (a message for each recipient); failed are those that the
   * definition lets go, each with its reason on record.
   */
  readonly items?: { readonly expected: number; readonly made: number; readonly failed?: number };
  /** Stored texts of the run that are not what their hash says. */
  readonly alteredContents?: number;
  /** Messages with tokens that must not be restored for their recipient. */
  readonly misaddressed?: number;
  /** `not_needed` only where the definition neither asks for approval nor delivers. */
  readonly approval?:
    'not_needed' | { readonly status: string; readonly approvedHash: string; readonly actualHash: string };
  readonly delivery?: { readonly total: number; readonly settled: number };
  /** Findings of personal data outside tokens in what is about to be stored. */
  readonly residualFindings?: number;
}

/** One check. `check` gives the message of the violation, or nothing when the rule holds. */
export interface StateRule {
  readonly id: string;
  readonly tier: RuleTier;
  /** The phases whose entering it guards. */
  readonly entering: readonly (Phase | 'COMPLETED')[];
  check(review: StateReview): string | undefined;
}
