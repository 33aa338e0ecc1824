import type { PolicyAction, PolicyRequest } from '../../src/compliance/policy/policy-request.js';

type Changes = { readonly [Part in 'run' | 'known' | 'principal']?: object };

/** A request that the built-in policies permit, changed as asked. */
export function policyRequest(action: PolicyAction, changes: Changes = {}): PolicyRequest {
  return {
    action,
    principal: { id: 'p1', roles: ['operator'], ...changes.principal },
    run: {
      id: 'r1',
      tenantId: 't1',
      definition: 'email-campaign',
      definitionVersion: 1,
      phase: 'REVIEW',
      ownerId: 'p1',
      sessionId: 's1',
      attributes: { region: 'eu' },
      degraded: false,
      costUsd: '0.0120',
      tokens: 345,
      round: 0,
      ...changes.run,
    },
    known: {
      classification: 'confidential',
      findings: { person: 4, email: 2 },
      consent: { covered: true, missing: 0 },
      approval: { status: 'approved', required: 1, given: 1, fourEyes: true },
      recipients: 2,
      delivers: true,
      channel: 'outbox',
      provider: 'simulation',
      time: { hour: 14, weekday: 2 },
      ...changes.known,
    },
  };
}
