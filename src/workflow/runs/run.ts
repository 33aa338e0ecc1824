import type { Classification } from '../../compliance/state/classification.js';
import type { EndStatus, Phase, RunStatus } from '../../compliance/state/phases.js';
import type { RunChain } from '../../compliance/audit/audit-leaf.js';

/** A workflow run as its row holds it. */
export interface Run {
  readonly id: string;
  readonly tenantId: string;
  readonly definition: string;
  readonly definitionVersion: number;
  readonly sessionId: string;
  readonly ownerId: string;
  readonly status: RunStatus;
  readonly phase: Phase;
  /** Fencing token: rises with every commit. */
  readonly version: number;
  readonly historySeq: number;
  readonly eventSeq: number;
  readonly auditSeq: number;
  readonly auditHead: Buffer | null;
  /** How often REVIEW has sent the run back to GENERATION. */
  readonly round: number;
  readonly inputHash: Buffer;
  readonly outputHash: Buffer | null;
  /** As stored: read it with `readContext`, which trusts nothing. */
  readonly context: unknown;
  readonly attributes: Readonly<Record<string, string>>;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly costUsd: number;
  readonly degraded: boolean;
  /** How often it was set going: 1, and one more for each retry. */
  readonly attempt: number;
  /** The run whose steps it has taken over; null for one that began from nothing. */
  readonly forkedFromRunId: string | null;
  /** The first phase that a fork does itself. */
  readonly forkedFromPhase: Phase | null;
  /** What it waits for inside its phase, as stored: read it with `readWaitingFor`. Null = nothing. */
  readonly waitingFor: unknown;
  /** It ends FAILED when it has not ended by then; null = never. */
  readonly deadlineAt: Date | null;
  /** How sensitive its data is; it may rise and never falls. */
  readonly classification: Classification;
  /** The version of the tenant's policies that held when it was started; 0 = the built-in ones alone. */
  readonly policyVersion: number;
  /** The activation by which that version held. */
  readonly policyActivation: number;
  /** Roles of the owner when it was started. */
  readonly ownerRoles: readonly string[];
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly completedAt: Date | null;
}

/** What lists show of a run: no column that may be long. */
export type RunSummary = Pick<
  Run,
  | 'id'
  | 'definition'
  | 'definitionVersion'
  | 'sessionId'
  | 'ownerId'
  | 'status'
  | 'phase'
  | 'attributes'
  | 'degraded'
  | 'classification'
  | 'policyVersion'
  | 'attempt'
  | 'forkedFromRunId'
  | 'forkedFromPhase'
  | 'createdAt'
  | 'updatedAt'
  | 'completedAt'
>;

/** The run's audit chain, as far as it is written. */
export function chainOf(run: Run): RunChain {
  return { runId: run.id, seq: run.auditSeq, head: run.auditHead, phase: run.phase };
}

/** The id of the job that ends a run at its deadline. */
export function deadlineJobOf(run: Pick<Run, 'id'>): string {
  return run.id;
}

/** Event type and audit type of each way to end. */
export const END_EVENTS = {
  COMPLETED: 'workflow.completed',
  REJECTED: 'workflow.rejected',
  CANCELLED: 'workflow.cancelled',
  FAILED: 'workflow.failed',
} as const satisfies Record<EndStatus, string>;
