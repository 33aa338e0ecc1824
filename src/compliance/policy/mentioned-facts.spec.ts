import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { policyRequest } from '../../../test/harness/policy-request.fixture.js';
import { CedarSandbox } from './cedar.js';
import { mentionedFacts } from './mentioned-facts.js';
import { callOf, type PolicyRequest } from './policy-request.js';
import { DEFAULT_SETTINGS } from './policy-settings.js';

/** One condition for each thing a policy can look at, alone and in company. */
const CONDITIONS = [
  'principal == resource.owner',
  'principal.roles.contains("admin")',
  'resource.owner in Countersign::Principal::"p2"',
  'resource.owner.roles.contains("admin")',
  '[principal].contains(resource.owner)',
  '{ who: principal }.who == resource.owner',
  'principal == Countersign::Principal::"p2"',
  'resource == Countersign::Run::"r2"',
  'principal is Countersign::Principal && resource.phase == "REVIEW"',
  'resource.tenant == "t2"',
  'resource.definition like "email*"',
  'resource.definitionVersion > 1',
  'resource.session == "s2"',
  'resource.degraded',
  'resource.costUsd.greaterThan(decimal("1.0"))',
  'resource.tokens > 500',
  'resource.round >= 1',
  'resource.hasTag("region") && resource.getTag("region") == "us"',
  'context.classificationRank >= 3 || context.classification == "public"',
  'context.findings.total > 6',
  'context.findings.creditCard > 0',
  'context has consent && !context.consent.covered',
  'if context has consent then context.consent.missing > 0 else true',
  'context.approval.given < context.approval.required',
  'context.approval == { status: "pending", required: 1, given: 0, fourEyes: true }',
  'context.recipients > 2',
  '!context.delivers',
  'context has channel && context.channel == "webhook"',
  'context.provider == "openai"',
  'context.time.hour >= 22 || context.time.weekday > 5',
  'context.recipients > context.settings.maxRecipients',
  'action == Countersign::Action::"deliver"',
];
const HEADS = [
  'principal, action, resource',
  'principal == Countersign::Principal::"p2", action, resource',
  'principal is Countersign::Principal, action, resource is Countersign::Run',
  'principal is Countersign::Principal in Countersign::Principal::"p2", action, resource',
  'principal, action == Countersign::Action::"approve", resource',
  'principal, action, resource in Countersign::Run::"r2"',
];

const requests = fc
  .record({
    action: fc.constantFrom('enterReview' as const, 'approve' as const, 'deliver' as const),
    principal: fc.record({
      id: fc.constantFrom('p1', 'p2'),
      roles: fc.subarray(['operator', 'admin']),
    }),
    run: fc.record({
      id: fc.constantFrom('r1', 'r2'),
      tenantId: fc.constantFrom('t1', 't2'),
      ownerId: fc.constantFrom('p1', 'p2'),
      sessionId: fc.constantFrom('s1', 's2'),
      definition: fc.constantFrom('email-campaign', 'other'),
      definitionVersion: fc.constantFrom(1, 2),
      attributes: fc.constantFrom({}, { region: 'eu' }, { region: 'us' }),
      degraded: fc.boolean(),
      costUsd: fc.constantFrom('0.0120', '2.0000', 'much'),
      tokens: fc.constantFrom(345, 900, Number.NaN),
      round: fc.constantFrom(0, 1),
    }),
    known: fc.record(
      {
        classification: fc.constantFrom('public' as const, 'restricted' as const),
        findings: fc.constantFrom({ person: 4 }, { person: 9 }, { creditCard: 1 }),
        consent: fc.constantFrom({ covered: true, missing: 0 }, { covered: false, missing: 2 }),
        approval: fc.constantFrom(
          { status: 'pending', required: 1, given: 0, fourEyes: true },
          { status: 'approved', required: 1, given: 1, fourEyes: true },
        ),
        recipients: fc.constantFrom(2, 3, 100_001),
        delivers: fc.boolean(),
        channel: fc.constantFrom('outbox', 'webhook'),
        provider: fc.constantFrom('simulation', 'openai'),
        time: fc.constantFrom({ hour: 14, weekday: 2 }, { hour: 23, weekday: 6 }),
      },
      { noNullPrototype: true },
    ),
  })
  .map(({ action, ...changes }) => policyRequest(action, changes));

/** The first request with each of its members in turn as the other has it. */
function changedInOne(one: PolicyRequest, other: PolicyRequest): PolicyRequest[] {
  return (['principal', 'run', 'known'] as const).flatMap((part) =>
    Object.entries(other[part]).map(([name, value]) =>
      Object.assign({}, one, { [part]: { ...one[part], [name]: value as unknown } }),
    ),
  );
}

describe('facts that a policy mentions', () => {
  const sandbox = new CedarSandbox();
  const answers = (text: string) =>
    sandbox.run((cedar) => {
      cedar.preparsePolicySet('p', { staticPolicies: { p: text } });
      return (request: PolicyRequest) => {
        const call = { ...callOf(request, DEFAULT_SETTINGS), preparsedPolicySetId: 'p' };
        const answer = cedar.statefulIsAuthorized({ ...call, validateRequest: false });
        return answer.type === 'success' ? answer.response.decision : 'failure';
      };
    });
  const inJson = (text: string) =>
    sandbox.run((cedar) => {
      const answer = cedar.policyToJson(text);
      return answer.type === 'success' ? answer.json : undefined;
    });

  it.each([
    ...CONDITIONS.map((condition) => `permit (principal, action, resource) when { ${condition} };`),
    ...HEADS.map((head) => `permit (${head});`),
  ])('tell requests apart that get different answers: %s', (text) => {
    const answer = answers(text);
    const factsOf = mentionedFacts([inJson(text)]);
    fc.assert(
      fc.property(requests, requests, (one, other) => {
        const expected = answer(one);
        const first = factsOf?.(one);
        for (const changed of changedInOne(one, other)) {
          if (answer(changed) === expected) continue;
          // What is undefined is asked in any case.
          expect(factsOf?.(changed) === first && first !== undefined).toBe(false);
        }
      }),
      { numRuns: 6 },
    );
  });

  it('are undefined for a policy that mentions what is not known', () => {
    const permit = (condition: string) => `permit (principal, action, resource) when { ${condition} };`;
    for (const condition of [
      'context.weather == "fine"',
      'context == { delivers: true }',
      'context has x.y',
    ]) {
      expect(mentionedFacts([inJson(permit(condition))])).toBeUndefined();
    }
    expect(mentionedFacts([undefined])).toBeUndefined();
  });
});
