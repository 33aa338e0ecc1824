import type { Framework } from './framework.js';

/** Regulation (EU) 2016/679, as far as records of this product speak of it. */
export const gdpr: Framework = {
  id: 'gdpr',
  title: 'GDPR, Regulation (EU) 2016/679',
  controls: [
    {
      id: 'Art. 5(1)(c), 25',
      title: 'No more personal data than needed is used',
      shows:
        'Tokens stand in place of personal data in runs, prompts, logs and records; originals return at delivery only.',
      events: ['workflow.started', 'workflow.step_completed'],
      links: ['/v1/pii/detect'],
      figures: ({ findings }) => ({ tokens: findings.reduce((sum, { tokens }) => sum + tokens, 0) }),
    },
    {
      id: 'Art. 5(1)(e), 17',
      title: 'Data is kept no longer than needed',
      shows: 'Ended runs are removed when their time is over, and each removal is recorded with counts.',
      events: ['retention.purged', 'retention.policy_changed'],
      links: ['/v1/retention-policies'],
      figures: ({ runsRemoved }) => ({ runsRemoved }),
    },
    {
      id: 'Art. 6, 7',
      title: 'There is a lawful basis, and consent can be shown and withdrawn',
      shows:
        'Every consent and withdrawal is kept with purpose and lawful basis; no run starts or delivers without one that covers everybody it is about.',
      events: ['consent.recorded', 'workflow.start_denied'],
      links: ['/v1/compliance/report'],
      figures: ({ consents: { granted, withdrawn } }) => ({ granted, withdrawn }),
    },
    {
      id: 'Art. 7(3)',
      title: 'Withdrawing consent stops what it was the ground for',
      shows: 'Every withdrawal is recorded, and the work that it takes the ground from is stopped.',
      events: ['consent.withdrawn', 'workflow.recipient_left_out'],
      links: ['/v1/compliance/report'],
    },
    {
      id: 'Art. 12(3), 15',
      title: 'Requests are answered, and subjects get their data',
      shows: 'Each export for a subject is recorded, and each request for erasure with the time of its end.',
      events: ['subject.exported', 'subject.erasure_requested', 'subject.erasure_deferred', 'subject.erased'],
      links: ['/v1/audit/events'],
    },
    {
      id: 'Art. 17, 18',
      title: 'Data is erased or restricted on request',
      shows:
        'Erasure destroys the key of the subject; its record has counts and no name. A hold that stands in the way is recorded.',
      events: [
        'subject.erased',
        'subject.restricted',
        'subject.restriction_lifted',
        'hold.placed',
        'hold.lifted',
      ],
      links: ['/v1/audit/events'],
    },
    {
      id: 'Art. 22',
      title: 'Decisions are not left to machines alone',
      shows: 'What a run delivers was approved by people who were shown exactly that.',
      events: ['approval.requested', 'approval.decided', 'approval.expired'],
      links: ['/v1/approvals'],
      figures: ({ approvals: { decisions, overridden } }) => ({ decisions, overridden }),
    },
    {
      id: 'Art. 30',
      title: 'There are records of processing',
      shows: 'Runs by definition, with purposes, recipients counted and what became of each message.',
      events: ['workflow.started', 'delivery.prepared', 'delivery.settled'],
      links: ['/v1/compliance/report', '/v1/workflow-definitions'],
    },
    {
      id: 'Art. 32',
      title: 'Access is controlled and processing is secure',
      shows: 'Who was given, denied or deprived of access, and when.',
      events: ['auth.denied', 'api_key.created', 'api_key.revoked', 'session.created', 'session.revoked'],
      links: ['/v1/api-keys', '/v1/audit/verify'],
    },
  ],
};
