/** The parts of the REST answers the command line reads; see `/openapi.json` for all of them. */
export interface RunStarted {
  readonly id: string;
  readonly definition: string;
  readonly version: string | number;
  readonly status: string;
}

export interface Run extends RunStarted {
  readonly phase: string;
  readonly sessionId: string;
  readonly degraded: boolean;
  readonly contextData?: { readonly lastError?: { readonly code: string; readonly message: string } | null };
  readonly usage?: { readonly inputTokens: number; readonly outputTokens: number; readonly costUsd: number };
  readonly createdAt: string;
  readonly completedAt: string | null;
}

export interface HistoryItem {
  readonly seq: number;
  readonly kind: 'step' | 'transition' | 'approval' | 'delivery' | 'control';
  readonly phase: string;
  readonly agent?: string | null;
  readonly status: string;
  readonly from?: string | null;
  readonly to?: string | null;
  readonly durationMs: number | null;
  readonly degraded?: boolean;
  /** Of a step: how many calls it took, one per item of a fan-out. */
  readonly detail?: { readonly calls?: number };
  readonly startedAt: string | null;
  readonly endedAt: string | null;
}

export interface Draft {
  readonly index: number;
  readonly to: string;
  readonly subject: string;
  readonly body: string;
}

export interface Artifact {
  readonly id: string;
  readonly kind: string;
  readonly name: string;
  readonly version: number;
  readonly contentHash: string;
  readonly content: unknown;
}

export interface Approval {
  readonly id: string;
  readonly status: string;
  readonly contentHash: string;
}

export interface AuditVerdict {
  readonly valid: boolean;
  readonly checkedEvents: number;
  readonly faults: readonly unknown[];
}

/** One page of a list. */
export interface Page<T> {
  readonly items: readonly T[];
  readonly nextCursor?: string | null;
}
