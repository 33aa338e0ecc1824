import type { AuditVerdict } from '../api-types.js';

/** What was asked for and acknowledged: none of it may be missing, none of it may be there twice. */
export interface Acknowledged {
  /** Ids of runs whose start was answered. */
  readonly runs: readonly string[];
  /** Ids of runs whose approval was answered. */
  readonly approvals: readonly string[];
  /** Requests that were refused for good, in the words of the server. */
  readonly refused: readonly string[];
}

export interface RunRow {
  readonly runId: string;
  readonly status: string;
  /** Rows of history and events that the run says it has. */
  readonly historySeq: number;
  readonly eventSeq: number;
}

export interface KeyedRow {
  readonly runId: string;
  readonly key: string;
}

export interface DeliveryRow {
  readonly runId: string;
  readonly index: number;
  readonly status: string;
  readonly messageId: string;
  readonly attempts: number;
}

/** A numbered list of a run: `1..count` without a gap when all is well. */
export interface SequenceRow {
  readonly runId: string;
  readonly list: 'history' | 'events';
  readonly count: number;
  readonly least: number;
  readonly most: number;
}

export interface OutboxFile {
  readonly runId: string;
  readonly name: string;
  readonly messageId: string | undefined;
}

/** Everything the checker looks at, as it was found when all runs had ended. Lists are in the order of writing. */
export interface ChaosHistory {
  readonly acknowledged: Acknowledged;
  readonly runs: readonly RunRow[];
  /** Completed steps by their key, as recorded and as audited. */
  readonly steps: readonly KeyedRow[];
  readonly auditedSteps: readonly KeyedRow[];
  /** Transitions as `from > to`. */
  readonly transitions: readonly KeyedRow[];
  readonly auditedTransitions: readonly KeyedRow[];
  /** Decisions of people, keyed by what they decided. */
  readonly decisions: readonly KeyedRow[];
  readonly auditedDecisions: readonly KeyedRow[];
  readonly deliveries: readonly DeliveryRow[];
  /** Deliveries audited as sent, keyed by their index. */
  readonly auditedSent: readonly KeyedRow[];
  readonly outbox: readonly OutboxFile[];
  readonly sequences: readonly SequenceRow[];
  /** Jobs that nobody needs any more and that are still there, keyed by their kind. */
  readonly leftJobs: readonly KeyedRow[];
  readonly audit: AuditVerdict;
}
