import type { AuditActor, AuditFact, AuditNote } from '../compliance/audit/audit-leaf.js';
import type { AuditEventType } from '../compliance/audit/audit-event-types.js';
import type { BatchRecord } from './batch.js';

/** The part of the product that works on batches when nobody asks. */
const BULK: AuditActor = { type: 'system', ref: 'bulk' };

type BatchNote = AuditNote<Extract<AuditEventType, `batch.${string}`>>;

/** What is recorded of a batch: its id, counts, codes and hashes. */
export function batchFact(
  batch: Pick<BatchRecord, 'id' | 'request_id' | 'session_id'>,
  note: BatchNote,
  options: {
    /** Id of the API key that asked for it; the product itself where absent. */
    readonly actorId?: string;
    readonly requestId?: string;
    readonly code?: string;
  } = {},
): AuditFact {
  return {
    ...note,
    outcome: note.type === 'batch.aborted' || note.type === 'batch.rows_failed' ? 'failure' : 'success',
    actor: options.actorId === undefined ? BULK : { type: 'apiKey', ref: options.actorId },
    targets: [{ type: 'batch', ref: batch.id }],
    context: { requestId: options.requestId ?? batch.request_id },
    ...(options.code !== undefined && { code: options.code }),
    ...(batch.session_id !== null && { sessionId: batch.session_id }),
  };
}
