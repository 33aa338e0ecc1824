/**
 * `fact`: something that happened inside the database. `intent`: about to have an effect outside, committed before
 * it. `outcome`: what became of an intent.
 */
export type AuditStage = 'fact' | 'intent' | 'outcome';

interface AuditEventKind {
  readonly stage: AuditStage;
}

/** Every type of audit event. A type that is not here does not compile. */
export const AUDIT_EVENT_TYPES = {
  'auth.denied': { stage: 'fact' },
  'api_key.created': { stage: 'fact' },
  'api_key.revoked': { stage: 'fact' },
  'session.created': { stage: 'fact' },
  'session.revoked': { stage: 'fact' },
  'consent.recorded': { stage: 'fact' },
  'definition.created': { stage: 'fact' },
  'workflow.started': { stage: 'fact' },
  'workflow.start_denied': { stage: 'fact' },
  'workflow.taken_up': { stage: 'fact' },
  'workflow.step_completed': { stage: 'fact' },
  'workflow.step_retried': { stage: 'fact' },
  'workflow.step_failed': { stage: 'fact' },
  'workflow.step_cancelled': { stage: 'fact' },
  'workflow.wait_started': { stage: 'fact' },
  'workflow.wait_ended': { stage: 'fact' },
  'workflow.signal_received': { stage: 'fact' },
  'workflow.transition': { stage: 'fact' },
  'workflow.transition_denied': { stage: 'fact' },
  'workflow.completed': { stage: 'fact' },
  'workflow.rejected': { stage: 'fact' },
  'workflow.cancelled': { stage: 'fact' },
  'workflow.cancel_acknowledged': { stage: 'fact' },
  'workflow.retried': { stage: 'fact' },
  'workflow.retry_denied': { stage: 'fact' },
  'workflow.forked': { stage: 'fact' },
  'workflow.failed': { stage: 'fact' },
  'workflow.job_restored': { stage: 'fact' },
  'approval.requested': { stage: 'fact' },
  'approval.decided': { stage: 'fact' },
  'approval.denied': { stage: 'fact' },
  'approval.expired': { stage: 'fact' },
  'approval.reminded': { stage: 'fact' },
  'approval.escalated': { stage: 'fact' },
  'approval.delegated': { stage: 'fact' },
  'delivery.prepared': { stage: 'fact' },
  'delivery.sending': { stage: 'intent' },
  'delivery.settled': { stage: 'outcome' },
  'webhook.created': { stage: 'fact' },
  'webhook.updated': { stage: 'fact' },
  'webhook.deleted': { stage: 'fact' },
  'webhook.secret_rotated': { stage: 'fact' },
  'webhook.disabled': { stage: 'fact' },
  'webhook.tested': { stage: 'fact' },
  'webhook.redelivered': { stage: 'fact' },
  'retention.policy_changed': { stage: 'fact' },
  'retention.purged': { stage: 'fact' },
  'schedule.created': { stage: 'fact' },
  'schedule.updated': { stage: 'fact' },
  'schedule.deleted': { stage: 'fact' },
  'schedule.paused': { stage: 'fact' },
  'schedule.triggered': { stage: 'fact' },
  'schedule.backfilled': { stage: 'fact' },
  'schedule.fired': { stage: 'fact' },
  'schedule.skipped': { stage: 'fact' },
  'schedule.denied': { stage: 'fact' },
  'batch.created': { stage: 'fact' },
  'batch.received': { stage: 'fact' },
  'batch.started': { stage: 'fact' },
  'batch.rows_failed': { stage: 'fact' },
  'batch.completed': { stage: 'fact' },
  'batch.cancelled': { stage: 'fact' },
  'batch.aborted': { stage: 'fact' },
} as const satisfies Record<string, AuditEventKind>;

export type AuditEventType = keyof typeof AUDIT_EVENT_TYPES;
