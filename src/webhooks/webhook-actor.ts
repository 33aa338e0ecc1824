import type { AuditActor } from '../compliance/audit/audit-leaf.js';

/** Who acts when the product itself changes an endpoint. */
export const WEBHOOK_ACTOR: AuditActor = { type: 'system', ref: 'webhooks' };
