import type { PreparedAudit } from '../../compliance/audit/audit-trail.service.js';
import type { AuditFact } from '../../compliance/audit/audit-leaf.js';
import type { VaultEntry } from '../../compliance/pii/operators/tokenizer.js';
import type { Classification } from '../../compliance/state/classification.js';
import type { Phase, RunStatus } from '../../compliance/state/phases.js';
import type { RunJobName } from '../../jobs/job-catalogue.js';
import type { RunEventType } from '../events/run-event-types.js';
import type { ApprovalTerms } from '../review/approval-terms.js';
import type { RunContext } from './run-context.js';
import type { WaitingFor } from './waiting-for.js';

/** One line of a run's history (`GET …/history`). */
export interface HistoryEntry {
  readonly kind: 'step' | 'transition' | 'approval' | 'delivery' | 'control' | 'wait';
  readonly phase: Phase;
  readonly status: string;
  /** Names the work of a step; a completed one is never executed again. */
  readonly stepKey?: string;
  readonly agent?: string;
  readonly attempt?: number;
  readonly from?: string;
  readonly to?: string;
  readonly inputHash?: Buffer;
  readonly outputHash?: Buffer;
  readonly usage?: { readonly inputTokens: number; readonly outputTokens: number; readonly costUsd: number };
  readonly degraded?: boolean;
  readonly detail?: Readonly<Record<string, unknown>>;
  readonly startedAt: Date;
  readonly endedAt: Date;
}

/** One live event (`GET …/events`). */
export interface RunEvent {
  readonly type: RunEventType;
  readonly data: Readonly<Record<string, unknown>>;
}

/** A JSON value under the hash of its canonical form. */
export interface Content {
  readonly hash: Buffer;
  readonly value: unknown;
}

export interface NewArtifact {
  readonly id: string;
  readonly kind: string;
  readonly name: string;
  readonly version: number;
  readonly round: number;
  readonly contentHash: Buffer;
}

export interface NewApproval extends ApprovalTerms {
  readonly id: string;
  readonly artifactId: string;
  readonly bindingHash: Buffer;
  readonly requesterId: string;
  readonly round: number;
}

/** Somebody's say on an approval, handed to somebody else. */
export interface NewDelegation {
  readonly id: string;
  readonly approvalId: string;
  readonly fromActor: string;
  readonly toActor: string;
  /** Tokens stand in place of personal data. */
  readonly reason: string | null;
}

/** What somebody has said of an approval. */
export interface NewDecision {
  readonly id: string;
  readonly approvalId: string;
  readonly actorId: string;
  readonly decision: 'approve' | 'reject' | 'request_changes';
  readonly comment: string | null;
  readonly bindingHash: Buffer;
  readonly decidedAt: Date;
}

/** Something that happened outside, for the run to find. */
export interface NewSignal {
  readonly id: string;
  readonly type: string;
  readonly payload: Readonly<Record<string, unknown>>;
}

/** A job for the run. */
export interface RunJobRequest {
  readonly name: RunJobName;
  /** Absent = any. */
  readonly id?: string;
  readonly startAfter?: Date;
  /** Whether the process that commits the job drives it itself. */
  readonly claimed?: boolean;
}

/** All that one commit does to a run: it happens together or not at all. */
export interface RunChange {
  readonly status?: RunStatus;
  readonly phase?: Phase;
  readonly round?: number;
  readonly context?: RunContext;
  readonly outputHash?: Buffer;
  readonly usage?: { readonly inputTokens: number; readonly outputTokens: number; readonly costUsd: number };
  readonly degraded?: boolean;
  /** Set where it rises. */
  readonly classification?: Classification;
  /** Set by a retry. */
  readonly attempt?: number;
  /** What the run waits for from now on; null = nothing any more. */
  readonly waitingFor?: WaitingFor | null;
  /** When the run ends if it has not ended by then. */
  readonly deadlineAt?: Date;
  readonly history: readonly HistoryEntry[];
  readonly events: readonly RunEvent[];
  readonly facts: readonly AuditFact[];
  /** The records of the facts, where the gate has had them built; they go on the chain of the run it was asked about. */
  readonly audit?: PreparedAudit;
  readonly contents: readonly Content[];
  readonly artifacts: readonly NewArtifact[];
  readonly approvals: readonly NewApproval[];
  readonly decisions: readonly NewDecision[];
  readonly delegations: readonly NewDelegation[];
  /** Approvals that were pending, as they are now; what is absent stays. */
  readonly closedApprovals: readonly {
    readonly id: string;
    readonly status: string;
    readonly bindingHash?: Buffer;
    readonly artifactId?: string;
    /** How many reminders are done with. */
    readonly reminded?: number;
    readonly escalatedAt?: Date;
    /** Who may decide. */
    readonly roles?: readonly string[];
  }[];
  readonly vaultEntries: readonly VaultEntry[];
  /** Signals for the run to find. */
  readonly signals: readonly NewSignal[];
  readonly consumedSignals: readonly string[];
  readonly jobs: readonly RunJobRequest[];
  /** Jobs that have nothing left to do once this is committed. */
  readonly endedJobs: readonly { readonly id: string; readonly name: RunJobName }[];
}

export const NO_CHANGE: RunChange = {
  history: [],
  events: [],
  facts: [],
  contents: [],
  artifacts: [],
  approvals: [],
  decisions: [],
  delegations: [],
  closedApprovals: [],
  vaultEntries: [],
  signals: [],
  consumedSignals: [],
  jobs: [],
  endedJobs: [],
};

/** A change from the parts that matter. */
export function changeOf(parts: Partial<RunChange>): RunChange {
  return { ...NO_CHANGE, ...parts };
}

/** Two changes as one: the later wins where a value is set, lists are joined in order, usage is added. */
export function joinChanges(first: RunChange, second: RunChange): RunChange {
  return {
    status: second.status ?? first.status,
    phase: second.phase ?? first.phase,
    round: second.round ?? first.round,
    context: second.context ?? first.context,
    outputHash: second.outputHash ?? first.outputHash,
    usage: first.usage && second.usage ? addUsage(first.usage, second.usage) : (second.usage ?? first.usage),
    degraded: first.degraded || second.degraded,
    attempt: second.attempt ?? first.attempt,
    classification: second.classification ?? first.classification,
    deadlineAt: second.deadlineAt ?? first.deadlineAt,
    waitingFor: second.waitingFor === undefined ? first.waitingFor : second.waitingFor,
    history: [...first.history, ...second.history],
    events: [...first.events, ...second.events],
    facts: [...first.facts, ...second.facts],
    contents: [...first.contents, ...second.contents],
    artifacts: [...first.artifacts, ...second.artifacts],
    approvals: [...first.approvals, ...second.approvals],
    decisions: [...first.decisions, ...second.decisions],
    delegations: [...first.delegations, ...second.delegations],
    closedApprovals: [...first.closedApprovals, ...second.closedApprovals],
    vaultEntries: [...first.vaultEntries, ...second.vaultEntries],
    signals: [...first.signals, ...second.signals],
    consumedSignals: [...first.consumedSignals, ...second.consumedSignals],
    jobs: [...first.jobs, ...second.jobs],
    endedJobs: [...first.endedJobs, ...second.endedJobs],
  };
}

type Usage = NonNullable<RunChange['usage']>;

export function addUsage(first: Usage, second: Usage): Usage {
  return {
    inputTokens: first.inputTokens + second.inputTokens,
    outputTokens: first.outputTokens + second.outputTokens,
    costUsd: first.costUsd + second.costUsd,
  };
}
