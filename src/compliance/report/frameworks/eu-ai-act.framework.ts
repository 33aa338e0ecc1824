import type { Framework } from './framework.js';

/** Regulation (EU) 2024/1689, as far as records of this product speak of it. */
export const euAiAct: Framework = {
  id: 'eu-ai-act',
  title: 'EU AI Act, Regulation (EU) 2024/1689',
  controls: [
    {
      id: 'Art. 12',
      title: 'Events are logged automatically',
      shows:
        'Each start, step, model, transition and end of a run is recorded in the transaction that makes it happen, with time, model and hashes; the log can be exported and checked elsewhere.',
      events: [
        'workflow.started',
        'workflow.step_completed',
        'workflow.step_failed',
        'workflow.transition',
        'workflow.transition_denied',
        'workflow.completed',
      ],
      links: ['/v1/audit/events'],
      figures: ({ models }) => ({
        modelCalls: models.reduce((sum, { calls }) => sum + calls, 0),
        models: models.length,
      }),
    },
    {
      id: 'Art. 14',
      title: 'People oversee, and can override and stop',
      shows:
        'Who decided on what, the hash of what they were shown, how long they took, and how often they rejected, sent back or edited; runs that people stopped.',
      events: [
        'approval.requested',
        'approval.decided',
        'approval.denied',
        'approval.expired',
        'approval.escalated',
        'approval.delegated',
        'workflow.cancelled',
      ],
      links: ['/v1/approvals'],
      figures: ({ approvals, runs: { cancelled } }) => ({
        reviewed: approvals.decisions,
        overridden: approvals.overridden,
        medianSecondsToDecide: approvals.secondsToDecide.median,
        p95SecondsToDecide: approvals.secondsToDecide.p95,
        cancelled,
      }),
    },
    {
      id: 'Art. 15',
      title: 'Errors and faults are met with resilience',
      shows:
        'Steps that a fallback answered or an open breaker kept from the model are marked, in the run and in its record.',
      events: [
        'workflow.step_retried',
        'workflow.step_failed',
        'workflow.failed',
        'workflow.retried',
        'breaker.changed',
      ],
      links: ['/v1/circuit-breakers', '/v1/error-recovery/metrics'],
      figures: ({ models }) => ({
        fallbacks: models.reduce((sum, { fallbacks }) => sum + fallbacks, 0),
        breakerOpen: models.reduce((sum, { breakerOpen }) => sum + breakerOpen, 0),
      }),
    },
    {
      id: 'Art. 19, 26(6)',
      title: 'Logs are kept for at least six months',
      shows:
        'Records of runs are of a class whose retention cannot be set below 183 days; what is dropped is recorded.',
      events: ['retention.trail_policy_changed', 'retention.trail_dropped'],
      links: ['/v1/audit/retention-policies'],
    },
    {
      id: 'Art. 86',
      title: 'A decision can be explained',
      shows:
        'The report of a run says which definition, model and rules led to its result and who approved it; its history has every step with input and output, tokens in place of personal data.',
      events: ['workflow.completed', 'workflow.rejected', 'approval.decided', 'report.created'],
      links: ['/v1/workflows/{id}/compliance-report', '/v1/workflows/{id}/history'],
    },
  ],
};
