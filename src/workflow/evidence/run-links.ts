import { EVENT_LINKS } from '../../compliance/report/event-links.js';
import type { Run } from '../runs/run.js';

/**
 * Where the events behind each part of a run's report stand. `event` and `proof` are templates (RFC 6570): every event
 * id of the report goes into them.
 */
export function linksOfRun({ id, sessionId }: Pick<Run, 'id' | 'sessionId'>): Record<string, string> {
  const events = `/v1/audit/events?workflowId=${id}`;
  return {
    ...EVENT_LINKS,
    evidence: `/v1/workflows/${id}/evidence`,
    history: `/v1/workflows/${id}/history`,
    events,
    gates: `${events}&type=workflow.transition`,
    denials: `${events}&type=workflow.transition_denied`,
    findings: `${events}&type=workflow.started`,
    consents: `/v1/audit/events?sessionId=${sessionId}&type=consent.recorded`,
    approvals: `${events}&type=approval.decided`,
    models: `${events}&type=workflow.step_completed`,
    deliveries: `${events}&type=delivery.settled`,
    safeMode: '/v1/audit/events?type=safe_mode.changed',
    holds: '/v1/audit/events?type=hold.placed',
  };
}
