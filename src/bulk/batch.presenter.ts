import type { BatchRecord, BatchRowRecord, RowFault } from './batch.js';

/** What has happened since the counters of a batch were last written. */
export interface SinceCounted {
  /** Rows started in the chunk under way. */
  readonly started: number;
  /** Runs that have ended, by status. */
  readonly ended: Readonly<Record<string, number>>;
}

export const NOTHING_SINCE: SinceCounted = { started: 0, ended: {} };

export function presentReceipt(batch: BatchRecord) {
  return {
    batchId: batch.id,
    rows: batch.rows_total,
    invalid: batch.rows_invalid,
    links: linksOf(batch.id),
  };
}

export function presentBatch(batch: BatchRecord, since: SinceCounted = NOTHING_SINCE) {
  const started = batch.rows_started + since.started;
  const failed = batch.rows_invalid + batch.rows_failed;
  const runs = {
    completed: batch.runs_completed + (since.ended['COMPLETED'] ?? 0),
    failed: batch.runs_failed + (since.ended['FAILED'] ?? 0),
    rejected: batch.runs_rejected + (since.ended['REJECTED'] ?? 0),
    cancelled: batch.runs_cancelled + (since.ended['CANCELLED'] ?? 0),
  };
  return {
    id: batch.id,
    status: batch.status,
    endReason: batch.end_reason,
    format: batch.format,
    onError: batch.on_error,
    ownerId: batch.owner_id,
    definition: batch.definition,
    version: batch.definition_version,
    sessionId: batch.session_id,
    rows: {
      total: batch.rows_total,
      started,
      failed,
      pending: batch.rows_total - started - failed - batch.rows_cancelled,
      cancelled: batch.rows_cancelled,
    },
    runs: { ...runs, open: started - runs.completed - runs.failed - runs.rejected - runs.cancelled },
    createdAt: batch.created_at,
    startedAt: batch.started_at,
    completedAt: batch.completed_at,
    settledAt: batch.settled_at,
    links: linksOf(batch.id),
  };
}

export function presentRow(row: BatchRowRecord) {
  const { detail, errors, violations } = (row.fault ?? {}) as Partial<RowFault>;
  return {
    row: row.number,
    line: row.line,
    status: row.run_id === null ? row.state : 'started',
    runId: row.run_id,
    code: row.code,
    detail: detail ?? null,
    errors: errors ?? [],
    violations: violations ?? [],
  };
}

function linksOf(id: string): Record<string, string> {
  const self = `/v1/workflows/bulk/${id}`;
  return {
    self,
    rows: `${self}/rows`,
    failed: `${self}/rows?status=failed`,
    events: `${self}/events`,
    cancel: `${self}/cancel`,
  };
}
