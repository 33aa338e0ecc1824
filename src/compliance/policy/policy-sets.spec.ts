import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { policyRequest } from '../../../test/harness/policy-request.fixture.js';
import { CedarSandbox } from './cedar.js';
import { callOf, type PolicyAction } from './policy-request.js';
import { PolicySets } from './policy-sets.js';
import { DEFAULT_SETTINGS } from './policy-settings.js';

const FOLDER = 'config/policies';
const schema = readFileSync(`${FOLDER}/countersign.cedarschema`, 'utf8');
const builtin = Object.fromEntries(
  readdirSync(FOLDER)
    .filter((name) => name.endsWith('.cedar'))
    .map((name) => [name.replace('.cedar', ''), readFileSync(`${FOLDER}/${name}`, 'utf8')]),
);
const ACTIONS: readonly PolicyAction[] = [
  'enterInitialization',
  'enterBatchDiscovery',
  'enterStrategyAnalysis',
  'enterGeneration',
  'enterReview',
  'enterDelivery',
  'complete',
  'approve',
  'deliver',
];

function setsWith(texts: Record<string, string>, settings: object = {}): PolicySets {
  const sets = new PolicySets();
  expect(sets.prepare('own', { texts, settings: { ...DEFAULT_SETTINGS, ...settings } })).toBe(true);
  return sets;
}

describe('the request', () => {
  it.each(ACTIONS)('has the form of the schema for %s', (action) => {
    const answer = new CedarSandbox().run((cedar) => {
      expect(cedar.preparseSchema('s', schema)).toEqual({ type: 'success' });
      expect(cedar.preparsePolicySet('p', { staticPolicies: builtin })).toEqual({ type: 'success' });
      return cedar.statefulIsAuthorized({
        ...callOf(policyRequest(action), DEFAULT_SETTINGS),
        preparsedSchemaName: 's',
        preparsedPolicySetId: 'p',
        validateRequest: true,
      });
    });
    expect(answer).toMatchObject({ type: 'success', response: { decision: 'allow' } });
  });
});

describe('built-in policies', () => {
  const sets = setsWith(builtin);
  const ask = (action: PolicyAction, changes = {}, of = sets) =>
    of.ask('own', policyRequest(action, changes));
  const restricted = { classification: 'restricted', findings: { creditCard: 1 } };

  it.each(ACTIONS)('permit %s where all is in order', (action) => {
    expect(ask(action)).toEqual({ result: 'allow', policies: ['default-permit'] });
  });

  it.each([
    [
      'personal data without an approval',
      'personal-data-needs-approval',
      { known: { approval: { status: 'pending', required: 1, given: 0, fourEyes: true } } },
    ],
    [
      'restricted data by webhook',
      'restricted-stays-off-webhooks',
      { known: { ...restricted, channel: 'webhook' } },
    ],
    ['more recipients than the settings allow', 'recipients-limit', { known: { recipients: 100_001 } }],
  ])('forbid delivery of %s', (_what, policy, changes) => {
    expect(ask('deliver', changes)).toEqual({ result: 'deny', policies: [policy] });
    expect(ask('enterDelivery', changes)).toEqual({ result: 'deny', policies: [policy] });
  });

  it('forbid delivery of what a fallback has written and nobody has approved', () => {
    const approval = { status: 'none', required: 0, given: 0, fourEyes: false };
    const changes = { run: { degraded: true }, known: { findings: {}, approval } };
    expect(ask('deliver', changes)).toEqual({ result: 'deny', policies: ['degraded-run-needs-approval'] });
  });

  it('read the settings of the tenant', () => {
    const changes = { known: { ...restricted, channel: 'webhook' } };
    expect(ask('deliver', changes, setsWith(builtin, { restrictedByWebhook: true })).result).toBe('allow');
    const officers = setsWith(builtin, { restrictedNeedsOfficer: true });
    const reviewer = { ...changes, principal: { id: 'p2', roles: ['reviewer'] } };
    expect(ask('approve', reviewer, officers)).toEqual({
      result: 'deny',
      policies: ['restricted-needs-officer'],
    });
    const officer = { ...changes, principal: { id: 'p2', roles: ['reviewer', 'compliance_officer'] } };
    expect(ask('approve', officer, officers).result).toBe('allow');
  });
});

describe('sets of policies', () => {
  it('permit nothing that no policy permits', () => {
    const sets = setsWith({ mine: 'forbid (principal, action, resource) when { context.recipients > 5 };' });
    expect(sets.ask('own', policyRequest('enterReview'))).toEqual({ result: 'deny', policies: [] });
  });

  it('forbid although something permits', () => {
    const mine =
      'forbid (principal, action, resource) when { resource.hasTag("region") && resource.getTag("region") == "eu" };';
    const sets = setsWith({ ...builtin, mine });
    expect(sets.ask('own', policyRequest('enterReview'))).toEqual({ result: 'deny', policies: ['mine'] });
  });

  it('fail as a whole when one of them errs', () => {
    const sets = setsWith({
      ...builtin,
      mine: 'forbid (principal, action, resource) when { context.nothing };',
    });
    expect(sets.ask('own', policyRequest('enterReview'))).toEqual({ result: 'failure', policies: ['mine'] });
  });

  it('fail for what was never prepared, and for what cannot be', () => {
    const sets = new PolicySets();
    expect(sets.ask('own', policyRequest('enterReview')).result).toBe('failure');
    expect(sets.prepare('own', { texts: { mine: 'permit' }, settings: DEFAULT_SETTINGS })).toBe(false);
    expect(sets.isReady('own')).toBe(false);
    expect(sets.ask('own', policyRequest('enterReview')).result).toBe('failure');
  });

  it('fail for a request that the engine cannot read', () => {
    const sets = setsWith(builtin);
    expect(sets.ask('own', policyRequest('enterReview', { run: { costUsd: 'much' } })).result).toBe(
      'failure',
    );
  });

  it('are replaced under the same key', () => {
    const sets = setsWith(builtin);
    sets.prepare('own', {
      texts: { ...builtin, mine: 'forbid (principal, action, resource);' },
      settings: DEFAULT_SETTINGS,
    });
    expect(sets.ask('own', policyRequest('enterReview')).policies).toEqual(['mine']);
  });

  it('take attributes for texts, whatever they look like', () => {
    const sets = setsWith(builtin);
    const attributes = { __entity: '{"type":"Countersign::Principal","id":"p1"}', 'a"b': '\u0000' };
    expect(sets.ask('own', policyRequest('enterReview', { run: { attributes } })).result).toBe('allow');
  });

  it('keep few ready, and no more memory after 500 versions than after 100', () => {
    const sets = new PolicySets();
    const prepare = (version: number) =>
      sets.prepare(`t/${version}`, {
        texts: {
          ...builtin,
          mine: `forbid (principal, action, resource) when { context.recipients > ${version} };`,
        },
        settings: DEFAULT_SETTINGS,
      });
    for (let version = 1; version <= 100; version++) prepare(version);
    const before = process.memoryUsage();
    for (let version = 101; version <= 500; version++) prepare(version);
    const after = process.memoryUsage();
    // A name of its own for each would keep 60 KB for ever: 24 MB.
    expect(after.external - before.external).toBeLessThan(4_194_304);
    expect(sets.size).toBe(64);
    expect(sets.isReady('t/500')).toBe(true);
    expect(sets.isReady('t/1')).toBe(false);
    expect(sets.ask('t/500', policyRequest('enterReview')).result).toBe('allow');
  });
});
