import type { ExportRequest } from '../audit/export/audit-exporter.service.js';

export const EXPORT_STATUSES = ['QUEUED', 'RUNNING', 'COMPLETED', 'FAILED', 'EXPIRED'] as const;
export type ExportStatus = (typeof EXPORT_STATUSES)[number];

/** An export of the trail that is made in the background, as its row holds it. */
export interface AuditExport {
  readonly id: string;
  readonly tenantId: string;
  /** Id of the principal. */
  readonly requestedBy: string;
  readonly requestId: string;
  readonly status: ExportStatus;
  readonly request: ExportRequest;
  /** Places of the log it goes over, and the one it has come to; null before it has begun. */
  readonly fromIndex: number | null;
  readonly toIndex: number | null;
  readonly nextIndex: number | null;
  /** How often it was begun. */
  readonly attempts: number;
  /** Why it has failed: a code of the catalogue. */
  readonly code: string | null;
  /** Size of the file. */
  readonly bytes: number | null;
  /** SHA-256 of the file. */
  readonly digest: Buffer | null;
  readonly createdAt: Date;
  readonly startedAt: Date | null;
  readonly completedAt: Date | null;
  /** When the file is removed; null while there is none. */
  readonly expiresAt: Date | null;
}
