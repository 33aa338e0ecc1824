import type { Framework } from './framework.js';

/** Trust Services Criteria of the AICPA (2017, points of focus 2022), as far as records of this product speak of them. */
export const soc2: Framework = {
  id: 'soc2',
  title: 'SOC 2, Trust Services Criteria',
  controls: [
    {
      id: 'CC6.1',
      title: 'Logical access is restricted',
      shows:
        'Every route asks for a permission; every refusal of a known principal and every session is recorded with who asked and for what.',
      events: ['auth.denied', 'session.created', 'session.revoked'],
      links: ['/v1/me'],
    },
    {
      id: 'CC6.2',
      title: 'Access is given to those who are authorised',
      shows: 'Every API key is made by a named principal with named roles, and recorded.',
      events: ['api_key.created'],
      links: ['/v1/api-keys'],
    },
    {
      id: 'CC6.3',
      title: 'Access is taken back when it is not needed any more',
      shows: 'Every revocation is recorded, and a revoked key is refused within seconds by every process.',
      events: ['api_key.revoked'],
      links: ['/v1/api-keys'],
    },
    {
      id: 'CC7.2',
      title: 'Anomalies are noticed',
      shows:
        'What the gate, the reviewers and the routes refused, and what failed, is recorded with its rule or code.',
      events: [
        'workflow.transition_denied',
        'workflow.start_denied',
        'approval.denied',
        'auth.denied',
        'workflow.step_failed',
      ],
      links: ['/v1/compliance/report', '/v1/error-recovery/metrics'],
      figures: ({ rules, models }) => ({
        denialsByRules: rules.reduce((sum, rule) => sum + rule.denied, 0),
        fallbacks: models.reduce((sum, model) => sum + model.fallbacks, 0),
        breakerOpen: models.reduce((sum, model) => sum + model.breakerOpen, 0),
      }),
    },
    {
      id: 'CC7.3',
      title: 'Events are evaluated',
      shows: 'The trail can be checked whole at any time: every leaf, hash, column and chain.',
      events: ['workflow.failed', 'workflow.job_restored', 'webhook.disabled'],
      links: ['/v1/audit/verify', '/v1/audit/events'],
    },
    {
      id: 'CC7.4',
      title: 'Incidents are responded to',
      shows:
        'Runs that were stopped, retried or forked after a fault, and uncertain deliveries that people settled, each with who did it.',
      events: ['workflow.cancelled', 'workflow.retried', 'workflow.forked', 'delivery.settled'],
      links: ['/v1/workflows?status=FAILED'],
      figures: ({ runs: { failed, retried, forked, cancelled } }) => ({ failed, retried, forked, cancelled }),
    },
    {
      id: 'CC8.1',
      title: 'Changes are authorised, approved and recorded',
      shows:
        'A workflow definition is a version that never changes; a run pins it. What a run makes leaves only after people approved exactly that, under four eyes where it is switched on.',
      events: ['definition.created', 'approval.requested', 'approval.decided', 'retention.policy_changed'],
      links: ['/v1/workflow-definitions', '/v1/approvals'],
      figures: ({ approvals: { decisions, underFourEyes, byRequester, refused } }) => ({
        decisions,
        underFourEyes,
        byRequester,
        refused,
      }),
    },
    {
      id: 'PI1.3',
      title: 'Processing is complete, valid and authorised',
      shows:
        'Each phase is entered only when every rule of its gate holds; the rule that denied is on record.',
      events: ['workflow.transition', 'workflow.transition_denied', 'workflow.completed'],
      links: ['/v1/compliance/report'],
      figures: ({ rules }) => ({
        passed: rules.reduce((sum, rule) => sum + rule.passed, 0),
        denied: rules.reduce((sum, rule) => sum + rule.denied, 0),
      }),
    },
    {
      id: 'PI1.4',
      title: 'Output is delivered completely and to whom it is meant',
      shows:
        'An intent is recorded before each message leaves and its outcome afterwards, also when that is unknown.',
      events: ['delivery.prepared', 'delivery.sending', 'delivery.settled'],
      links: ['/v1/workflows?status=COMPLETED'],
    },
    {
      id: 'C1.1',
      title: 'Confidential information is identified and protected',
      shows:
        'Personal data is replaced by tokens before a run is stored; models, logs and events hold tokens only.',
      events: ['workflow.started', 'consent.recorded'],
      links: ['/v1/pii/detect'],
      figures: ({ findings }) => ({ tokens: findings.reduce((sum, { tokens }) => sum + tokens, 0) }),
    },
    {
      id: 'C1.2',
      title: 'Confidential information is disposed of',
      shows: 'Ended runs are removed when their time is over; each removal commits to the list of what went.',
      events: ['retention.purged', 'retention.policy_changed'],
      links: ['/v1/retention-policies'],
      figures: ({ runsRemoved }) => ({ runsRemoved }),
    },
    {
      id: 'P3.2',
      title: 'Consent is obtained before personal information is used',
      shows:
        'A run starts, and delivers, only when a granted consent covers everybody it is about; withdrawals are recorded.',
      events: ['consent.recorded', 'workflow.start_denied'],
      links: ['/v1/compliance/report'],
      figures: ({ consents: { granted, withdrawn } }) => ({ granted, withdrawn }),
    },
  ],
};
