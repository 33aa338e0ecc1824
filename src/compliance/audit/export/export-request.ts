import { AppError } from '../../../kernel/app-error.js';
import type { ExportRequest } from './audit-exporter.service.js';

/** Filters as they are sent: the times are texts. */
interface SentFilters {
  readonly workflowId?: string | undefined;
  readonly sessionId?: string | undefined;
  readonly actor?: string | undefined;
  readonly type?: string | undefined;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}

interface SentStretch {
  readonly fromIndex?: number | undefined;
  readonly toIndex?: number | undefined;
  readonly consistentWith?: number | undefined;
  readonly checkpoints?: boolean | undefined;
}

/** What an export is to hold. @throws AppError VALIDATION_FAILED for a stretch of the log with filters. */
export function exportRequest(sent: SentFilters, stretch: SentStretch): ExportRequest {
  const { from, to, ...equal } = sent;
  const { fromIndex, toIndex, consistentWith, checkpoints } = stretch;
  const filters = {
    ...equal,
    ...(from !== undefined && { from: new Date(from) }),
    ...(to !== undefined && { to: new Date(to) }),
  };
  const isStretch = fromIndex !== undefined || toIndex !== undefined;
  if (isStretch && Object.values(filters).some((value) => value !== undefined)) {
    throw new AppError('VALIDATION_FAILED', {
      errors: [{ path: 'fromIndex', message: 'a stretch of the log has no filters' }],
    });
  }
  return {
    filters,
    fromIndex,
    toIndex,
    checkpoints,
    ...(consistentWith !== undefined && { consistentWith: [consistentWith] }),
  };
}
