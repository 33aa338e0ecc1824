import type { RunConditions } from './conditions/run-conditions.js';
import type { GateCheck } from './gate-checks.js';
import type { ModelUseRow } from './run-evidence.repository.js';
import type { RunLogProofsSection } from './run-log-proofs.service.js';

/**
 * The compliance report of one run as data: what its JSON form is. Ids, counts, codes and hashes; no content of the run
 * and no personal data.
 */
export interface RunReport extends RunConditions {
  readonly kind: 'run';
  readonly run: RunIdentity;
  /** Where the events behind each part stand, and how each of them is shown and proven. */
  readonly links: Readonly<Record<string, string>>;
  readonly gates: readonly GateCheck[];
  readonly findings: readonly {
    readonly entity: string;
    readonly tokens: number;
    readonly subjects: number;
  }[];
  readonly consents: readonly ConsentInForce[];
  readonly approvals: readonly ApprovalRecord[];
  readonly models: readonly ModelUseRow[];
  readonly usage: { readonly inputTokens: number; readonly outputTokens: number; readonly costUsd: number };
  readonly deliveries: readonly {
    readonly channel: string;
    readonly status: string;
    readonly messages: number;
    readonly attempts: number;
    /** The first events that say so, at most five. */
    readonly events: readonly string[];
  }[];
  readonly retention: {
    /** Days after its end that the run is kept; 0 = for ever. */
    readonly retentionDays: number;
    readonly source: string;
    /** When it may be removed; null = never, or it has not ended. */
    readonly dueAt: string | null;
  };
  readonly audit: RunAuditSection;
}

export interface RunIdentity {
  readonly id: string;
  readonly definition: string;
  readonly version: number;
  /** SHA-256 of the definition as it was pinned, hexadecimal. */
  readonly definitionDigest: string | null;
  readonly definitionSource: string | null;
  readonly status: string;
  readonly phase: string;
  readonly degraded: boolean;
  readonly attempt: number;
  readonly round: number;
  readonly ownerId: string;
  readonly sessionId: string;
  readonly forkedFrom: { readonly runId: string; readonly phase: string | null } | null;
  readonly inputHash: string;
  readonly outputHash: string | null;
  readonly createdAt: string;
  readonly completedAt: string | null;
  readonly lastErrorCode: string | null;
}

export interface ConsentInForce {
  readonly purpose: string;
  readonly lawfulBasis: string;
  readonly granted: boolean;
  /** Subjects named; everybody else besides when `everybody`. */
  readonly subjects: number;
  readonly everybody: boolean;
  readonly firstRecordedAt: string;
  readonly lastRecordedAt: string;
}

export interface ApprovalRecord {
  readonly id: string;
  readonly round: number;
  readonly status: string;
  readonly artifactId: string;
  readonly contentHash: string;
  /** What an approval binds: artefact, action and recipients. */
  readonly bindingHash: string;
  readonly requesterId: string;
  readonly fourEyes: boolean;
  readonly requiredApprovals: number;
  readonly rejectQuorum: number;
  readonly requestedAt: string;
  readonly expiresAt: string;
  readonly escalatedAt: string | null;
  readonly reminders: number;
  readonly delegations: number;
  readonly decisions: readonly {
    readonly actorId: string;
    readonly decision: string;
    readonly shown: string;
    readonly decidedAt: string;
    readonly secondsToDecide: number;
    /** The event that records it; null where retention has dropped it. */
    readonly eventId: string | null;
  }[];
}

export interface RunAuditSection {
  /** Null while nothing is sealed. */
  readonly log: RunLogProofsSection | null;
  /** Length of the run's chain. */
  readonly events: number;
  /** Leaf hash of its newest event, hexadecimal. */
  readonly head: string | null;
  readonly byType: readonly { readonly type: string; readonly outcome: string; readonly events: number }[];
}
