import type { Framework } from './framework.js';

/** The Security Rule (45 CFR Part 164 Subpart C) and accounting of disclosures, as far as records of this product speak of them. */
export const hipaa: Framework = {
  id: 'hipaa',
  title: 'HIPAA',
  controls: [
    {
      id: '164.308(a)(1)(ii)(D)',
      title: 'Activity is reviewed regularly',
      shows:
        'What was refused, what failed and who looked at the records: every report, export and check of the trail is recorded with who made it.',
      events: ['auth.denied', 'auth.rejected', 'workflow.failed', 'report.created', 'audit.exported'],
      links: ['/v1/compliance/report', '/v1/audit/events?type=report.created'],
    },
    {
      id: '164.308(a)(3), (4)',
      title: 'Access is given to those who need it and taken back',
      shows: 'Every API key is made and revoked by a named principal, with the roles that it has.',
      events: ['api_key.created', 'api_key.revoked'],
      links: ['/v1/api-keys'],
    },
    {
      id: '164.308(a)(6)',
      title: 'Incidents are responded to',
      shows:
        'Runs that were stopped, retried or forked after a fault, deliveries that people settled, and safe mode turned on or off, each with who did it.',
      events: [
        'workflow.cancelled',
        'workflow.retried',
        'workflow.forked',
        'delivery.settled',
        'safe_mode.changed',
      ],
      links: ['/v1/safe-mode'],
      figures: ({ runs }) => ({ cancelled: runs.cancelled, retried: runs.retried, forked: runs.forked }),
    },
    {
      id: '164.312(a)(1)',
      title: 'Access is controlled',
      shows:
        'Every route asks for a permission; refusals and sessions are recorded with who asked and for what.',
      events: ['auth.denied', 'session.created', 'session.revoked'],
      links: ['/v1/me'],
    },
    {
      id: '164.312(b)',
      title: 'Activity is recorded and can be examined',
      shows:
        'Each start, step, transition, decision and delivery is recorded in the transaction that makes it happen, in a log that can be exported and checked elsewhere.',
      events: [
        'workflow.started',
        'workflow.step_completed',
        'workflow.step_failed',
        'workflow.transition',
        'workflow.transition_denied',
        'approval.decided',
      ],
      links: ['/v1/audit/log', '/v1/audit/export'],
    },
    {
      id: '164.312(c)(1)',
      title: 'Records are protected from improper alteration and destruction',
      shows:
        'Records stand in a Merkle log with signed checkpoints: what was changed, left out or reordered is found by the verifier, with no trust in the server. Holds and removals are recorded.',
      events: ['retention.purged', 'hold.placed', 'hold.lifted', 'log.epoch_opened', 'log.key_rotated'],
      links: ['/v1/audit/checkpoint', '/v1/audit/proofs/consistency'],
    },
    {
      id: '164.312(e)(1)',
      title: 'What is transmitted is protected',
      shows:
        'Models are given tokens in place of personal data. An intent is recorded before each message leaves and its outcome afterwards.',
      events: ['delivery.prepared', 'delivery.sending', 'delivery.settled'],
      links: ['/v1/workflows'],
    },
    {
      id: '164.316(b)(2)',
      title: 'Documentation is kept for six years',
      shows:
        'How long records are kept is set by rule, each change of it is recorded, and so is each removal; legal holds stop removals.',
      events: ['retention.policy_changed', 'retention.purged', 'hold.placed', 'hold.lifted'],
      links: ['/v1/retention-policies'],
      figures: ({ runsRemoved }) => ({ runsRemoved }),
    },
    {
      id: '164.528',
      title: 'Disclosures can be accounted for',
      shows:
        'Each message that left, each export of a person’s data and each export of the trail, with time, recipient by number and who asked.',
      events: ['delivery.settled', 'subject.exported', 'audit.exported', 'evidence.created'],
      links: ['/v1/audit/events?type=subject.exported'],
    },
  ],
};
