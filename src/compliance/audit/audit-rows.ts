import { byteaText, byteaTextOrNull, type StatementPart } from '../../database/statement.js';
import type { AuditRecord } from './audit-leaf.js';

/**
 * The part of a statement that records events: the leaves, and their places in the order of the log.
 *
 * @param condition which of the records (`x`) may be written, where the statement decides that itself.
 */
export function auditPart(records: readonly AuditRecord[], condition = 'true'): StatementPart {
  return {
    rows: records.map(rowOf),
    ctes: (given) => [
      [
        'audit_given',
        `select * from json_to_recordset(${given}) as x(
           ord int, id uuid, tenant_id uuid, type text, outcome text, occurred_at timestamptz, actor_type text,
           actor_ref text, session_id uuid, run_id uuid, run_seq int, run_prev bytea, leaf text, leaf_hash bytea,
           subject text)
         where ${condition}`,
      ],
      [
        'audit_events',
        `insert into audit_event (id, tenant_id, type, outcome, occurred_at, actor_type, actor_ref, session_id, run_id,
           run_seq, run_prev, leaf, leaf_hash)
         select id, tenant_id, type, outcome, occurred_at, actor_type, actor_ref, session_id, run_id, run_seq,
           run_prev, convert_to(leaf, 'UTF8'), leaf_hash from audit_given`,
      ],
      [
        'audit_order',
        `insert into audit_pending (tenant_id, event_id, subject, occurred_at)
         select tenant_id, id, subject, occurred_at from audit_given order by ord`,
      ],
    ],
  };
}

function rowOf(record: AuditRecord, ord: number): object {
  return {
    ord,
    id: record.id,
    tenant_id: record.tenantId,
    type: record.type,
    outcome: record.outcome,
    occurred_at: record.occurredAt,
    actor_type: record.actor.type,
    actor_ref: record.actor.ref,
    session_id: record.sessionId,
    run_id: record.run?.id ?? null,
    run_seq: record.run?.seq ?? null,
    run_prev: byteaTextOrNull(record.run?.prev),
    leaf: record.leaf.toString('utf8'),
    leaf_hash: byteaText(record.leafHash),
    subject: record.subject,
  };
}
