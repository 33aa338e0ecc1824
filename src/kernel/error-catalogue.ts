/**
 * Every error code the product can answer with, its HTTP status and its title (RFC 9457).
 * Codes are part of the contract: they are added, never renamed.
 */
export const ERROR_CATALOGUE = {
  // The request itself
  MALFORMED_JSON: { status: 400, title: 'The body is not valid JSON' },
  VALIDATION_FAILED: { status: 400, title: 'The request does not have the required form' },
  INVALID_CURSOR: { status: 400, title: 'The cursor does not belong to this list' },
  INVALID_IDEMPOTENCY_KEY: { status: 400, title: 'The Idempotency-Key header is not usable' },
  BODY_TOO_LARGE: { status: 413, title: 'The body is larger than this server accepts' },
  UNSUPPORTED_MEDIA_TYPE: { status: 415, title: 'The media type of the body is not supported' },
  NOT_ACCEPTABLE: { status: 406, title: 'No representation fits the Accept header' },
  METHOD_NOT_ALLOWED: { status: 405, title: 'The method is not allowed here' },
  ROUTE_NOT_FOUND: { status: 404, title: 'There is nothing at this path' },
  NOT_FOUND: { status: 404, title: 'There is no such resource' },
  RATE_LIMITED: { status: 429, title: 'Too many requests' },
  IDEMPOTENCY_KEY_REUSED: { status: 422, title: 'The idempotency key was used with another request' },
  IDEMPOTENCY_IN_PROGRESS: {
    status: 409,
    title: 'The first request with this idempotency key is still running',
  },
  // Identity and sessions
  UNAUTHENTICATED: { status: 401, title: 'A valid API key is required' },
  FORBIDDEN: { status: 403, title: 'This principal may not do that' },
  SESSION_NOT_FOUND: { status: 404, title: 'There is no such session' },
  SESSION_EXPIRED: { status: 403, title: 'The session has expired or was revoked' },
  API_KEY_NOT_FOUND: { status: 404, title: 'There is no such API key' },
  API_KEY_INVALID: { status: 403, title: 'The API key that asked for this was revoked or has expired' },
  API_KEY_CONFIGURED: { status: 409, title: 'The configuration sets this key: change it there' },
  // Workflows
  DEFINITION_NOT_FOUND: { status: 404, title: 'There is no such workflow definition' },
  DEFINITION_INVALID: { status: 400, title: 'The workflow definition is not valid' },
  DEFINITION_VERSION_EXISTS: { status: 409, title: 'This version of the workflow definition exists already' },
  WORKFLOW_NOT_FOUND: { status: 404, title: 'There is no such workflow run' },
  TRANSITION_DENIED: { status: 409, title: 'A compliance rule denies this transition' },
  RUN_NOT_WAITING: { status: 409, title: 'The run is not waiting for an approval' },
  RUN_ALREADY_ENDED: { status: 409, title: 'The run has ended already' },
  RUN_NOT_RETRYABLE: { status: 409, title: 'The run cannot be retried' },
  RUN_NOT_FORKABLE: { status: 409, title: 'The run cannot be forked like this' },
  RUN_CONFLICT: { status: 409, title: 'The run changed while this request was being handled' },
  RUN_TIMED_OUT: { status: 504, title: 'The run has not ended in the time its definition gives it' },
  STEP_TIMED_OUT: { status: 504, title: 'The step has not ended in the time its definition gives it' },
  JOIN_NOT_MET: { status: 502, title: 'Fewer agents of a parallel phase have succeeded than its join needs' },
  TIMER_INVALID: { status: 422, title: 'What a timer is to wait for is not an instant' },
  SIGNAL_TIMED_OUT: { status: 504, title: 'A signal has not come in the time its definition gives it' },
  SIGNAL_UNKNOWN: { status: 422, title: 'The workflow waits for no signal of this name' },
  SIGNAL_LIMIT_REACHED: { status: 409, title: 'The run has as many signals waiting as it may have' },
  APPROVAL_ALREADY_DECIDED: { status: 409, title: 'This approval has been decided already' },
  APPROVAL_NOT_FOUND: { status: 404, title: 'There is no such approval' },
  APPROVAL_NOT_YOURS: { status: 403, title: 'This approval is for others to decide' },
  APPROVAL_DELEGATION_REFUSED: { status: 422, title: 'The say cannot be handed to this principal' },
  APPROVAL_FOUR_EYES: { status: 403, title: 'The requester may not approve their own run' },
  APPROVAL_CONTENT_CHANGED: { status: 409, title: 'The artefact is not the one that was shown' },
  DELIVERY_CHANNEL_UNKNOWN: { status: 422, title: 'There is no such delivery channel' },
  DELIVERY_NOT_FOUND: { status: 404, title: 'There is no such delivery' },
  DELIVERY_NOT_UNCERTAIN: { status: 409, title: 'The delivery has a known outcome' },
  // Webhooks
  WEBHOOK_NOT_FOUND: { status: 404, title: 'There is no such webhook endpoint' },
  WEBHOOK_DELIVERY_NOT_FOUND: { status: 404, title: 'There is no such delivery to this webhook endpoint' },
  WEBHOOK_LIMIT_REACHED: { status: 409, title: 'This tenant has as many webhook endpoints as it may have' },
  WEBHOOK_SECRET_LIMIT_REACHED: { status: 409, title: 'This webhook endpoint has too many valid secrets' },
  WEBHOOK_DISABLED: { status: 409, title: 'The webhook endpoint is disabled' },
  // Schedules
  SCHEDULE_NOT_FOUND: { status: 404, title: 'There is no such schedule' },
  SCHEDULE_NAME_TAKEN: { status: 409, title: 'A schedule of this name exists already' },
  SCHEDULE_QUOTA_EXCEEDED: { status: 409, title: 'The tenant has as many schedules as it may have' },
  // Bulk starts
  BATCH_NOT_FOUND: { status: 404, title: 'There is no such batch' },
  BATCH_ALREADY_ENDED: { status: 409, title: 'The batch has ended already' },
  BATCH_TOO_MANY_ROWS: { status: 413, title: 'The upload has more rows than this server accepts' },
  UPLOAD_UNREADABLE: { status: 400, title: 'The upload cannot be read to its end' },
  ROW_MALFORMED: { status: 400, title: 'The row cannot be read' },
  ROW_TOO_LARGE: { status: 413, title: 'The row is larger than this server accepts' },
  // Agents and models
  AGENT_NOT_FOUND: { status: 404, title: 'There is no such agent' },
  AGENT_FAILED: { status: 502, title: 'The agent failed and has no fallback' },
  BREAKER_NOT_FOUND: { status: 404, title: 'There is no such circuit breaker' },
  BREAKER_OPEN: { status: 503, title: 'The circuit breaker is open' },
  MODEL_UNAVAILABLE: { status: 502, title: 'The model provider did not answer usefully' },
  // Compliance
  AUDIT_UNAVAILABLE: { status: 503, title: 'The audit trail cannot be written, so nothing was changed' },
  REPORT_NOT_READY: { status: 503, title: 'The period is still being counted: ask again' },
  AUDIT_EVENT_NOT_FOUND: { status: 404, title: 'There is no such audit event' },
  AUDIT_LOG_EMPTY: { status: 404, title: 'Nothing has been sealed in this audit log yet' },
  AUDIT_CHECKPOINT_NOT_FOUND: { status: 404, title: 'No checkpoint of this audit log has that size' },
  AUDIT_TILE_NOT_FOUND: { status: 404, title: 'The audit log has no such tile' },
  AUDIT_EPOCH_NOT_NEEDED: {
    status: 409,
    title: 'The audit log agrees with all that was signed: it goes on as it is',
  },
  AUDIT_RETENTION_PASSED: { status: 410, title: 'The record was removed when its retention had passed' },
  PII_RESIDUAL: { status: 409, title: 'Personal data was left where only tokens may stand' },
  TEXT_TOO_LARGE: { status: 413, title: 'The text is larger than the detector accepts' },
  VAULT_UNAVAILABLE: { status: 503, title: 'The token vault cannot be opened' },
  // The instance
  SERVICE_UNAVAILABLE: { status: 503, title: 'The service cannot answer now' },
  DATABASE_UNAVAILABLE: { status: 503, title: 'The database does not answer' },
  INTERNAL: { status: 500, title: 'An unexpected fault' },
} as const satisfies Record<string, { status: number; title: string }>;

/** A stable error code of the catalogue. */
export type ErrorCode = keyof typeof ERROR_CATALOGUE;
