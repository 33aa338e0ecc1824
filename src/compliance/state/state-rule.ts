import type { Classification } from './classification.js';
import type { MatrixCell } from './matrix.js';
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
  /** Steps of STRATEGY_ANALYSIS whose output has not the form that its agent promises. */
  readonly strategy?: { readonly malformed: readonly string[] };
  /**
   * Drafts and what is wrong with them: places left to be filled in, what the brief rules out, texts missing that the
   * definition demands.
   */
  readonly drafts?: {
    readonly placeholders: number;
    readonly againstBrief: number;
    readonly incomplete: number;
  };
  /** What the artefact's templates have left open, and tokens in it that the run has not given out. */
  readonly templates?: { readonly unresolved: number; readonly unknownTokens: number };
  /** Texts of the artefact that could do something where they are shown, or that would break their channel. */
  readonly unsafeTexts?: number;
  /** The run's own chain of audit events as the database holds it, and how many of them there must be. */
  readonly auditChain?: { readonly expected: number; readonly stored: number; readonly unbroken: boolean };
  /** Stored texts of the run that are not what their hash says. */
  readonly alteredContents?: number;
  /** Messages with tokens that must not be restored for their recipient. */
  readonly misaddressed?: number;
  /** `not_needed` only where the definition neither asks for approval nor delivers. */
  readonly approval?:
    'not_needed' | { readonly status: string; readonly approvedHash: string; readonly actualHash: string };
  /** Who has approved what is there now, against the terms of the approval. */
  readonly oversight?:
    | 'not_needed'
    | {
        readonly required: number;
        /** Different people who have approved exactly this. */
        readonly approvals: number;
        /** Approvals by the requester where four eyes are asked for, and those given after the time. */
        readonly invalid: number;
      };
  /** The messages about to leave: how many there must be, and those that are amiss. */
  readonly outgoing?:
    | 'nothing'
    | {
        readonly expected: number;
        readonly messages: number;
        readonly malformed: number;
        readonly strangers: number;
        readonly repeated: number;
      };
  /** How sensitive the data is from here on, and what that must not be below. */
  readonly classification?: {
    readonly settled: Classification;
    readonly before: Classification;
    readonly declared: Classification;
    readonly found: Classification;
  };
  /** What the tenant's policies say of the transition, and which of them decided. */
  readonly policy?: {
    readonly result: 'allow' | 'deny' | 'failure';
    readonly policies: readonly string[];
  };
  /** Outcomes of deliveries; `approved` is how many messages were to leave. */
  readonly delivery?: {
    readonly total: number;
    readonly settled: number;
    readonly sent: number;
    readonly failed: number;
    readonly approved: number;
  };
  /** Whether the audit records of the transition could be built. */
  readonly recordable?: boolean;
  /** Findings of personal data outside tokens in what is about to be stored. */
  readonly residualFindings?: number;
}

/** One check. `check` gives the message of the violation, or nothing when the rule holds. */
export interface StateRule {
  readonly id: string;
  readonly tier: RuleTier;
  /** The phases whose entering it guards. */
  readonly entering: readonly (Phase | 'COMPLETED')[];
  /** The cells of the compliance matrix that it fills. */
  readonly fills?: readonly MatrixCell[];
  /** What holds when it passes, for the published matrix: one sentence. */
  readonly holds: string;
  check(review: StateReview): string | undefined;
}
