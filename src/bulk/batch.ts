import type { Selectable } from 'kysely';
import type { BatchRowTable, BatchTable } from '../database/tables.js';
import type { FieldError } from '../kernel/app-error.js';
import type { ErrorCode } from '../kernel/error-catalogue.js';

export const BATCH_STATUSES = [
  'RECEIVING',
  'QUEUED',
  'RUNNING',
  'COMPLETED',
  'CANCELLED',
  'ABORTED',
] as const;

/**
 * RECEIVING: its upload is under way, nothing is started. QUEUED: every row is stored. RUNNING: rows are being started.
 * COMPLETED: every row was started or has failed; runs may go on. CANCELLED: the rows that were left are not started.
 * ABORTED: the upload broke, nothing was started and nothing of it was kept.
 */
export type BatchStatus = (typeof BATCH_STATUSES)[number];

/** What rows of a batch can be filtered by; `pending` rows have not been started yet. */
export const ROW_STATUSES = ['pending', 'started', 'failed', 'cancelled'] as const;

export type RowStatus = (typeof ROW_STATUSES)[number];

export const UPLOAD_FORMATS = ['ndjson', 'csv'] as const;

export type UploadFormat = (typeof UPLOAD_FORMATS)[number];

/** What a row that cannot be started does to those after it. */
export type OnError = 'continue' | 'stop';

/** Why a batch ended before all of its rows were started. */
export type EndReason = 'REQUESTED' | 'ROW_FAILED' | 'UPLOAD_BROKEN' | 'UPLOAD_REFUSED' | 'UPLOAD_LOST';

export type BatchRecord = Selectable<BatchTable> & { readonly status: BatchStatus };

export type BatchRowRecord = Omit<Selectable<BatchRowTable>, 'sealed' | 'tenant_id'>;

/** Why a row was not started: a code of the catalogue, and what may be said about it. Never the row's content. */
export interface RowFault {
  readonly code: ErrorCode;
  readonly detail?: string;
  readonly errors?: readonly FieldError[];
  readonly violations?: readonly unknown[];
}

/** Whether nothing more of a batch will be started, or of its upload be stored. */
export function isBatchEnded(status: BatchStatus): boolean {
  return status === 'COMPLETED' || status === 'CANCELLED' || status === 'ABORTED';
}

/** Runs of a batch that have not ended, as far as was counted. */
export function openRunsOf(batch: BatchRecord): number {
  const ended = batch.runs_completed + batch.runs_failed + batch.runs_rejected + batch.runs_cancelled;
  return batch.rows_started - ended;
}
