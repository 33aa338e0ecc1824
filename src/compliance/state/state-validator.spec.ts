import { describe, expect, it } from 'vitest';
import { followingPhase, NEXT_PHASES, PHASES, type Phase } from './phases.js';
import type { StateReview, StateRule } from './state-rule.js';
import { PII_RULES, STATE_RULES, validateState } from './state-validator.js';

const ALL_RULES = [...STATE_RULES, ...PII_RULES];

/** A review that every rule accepts for entering `to`. */
function sound(to: Phase | 'COMPLETED'): StateReview {
  const from =
    to === 'INITIALIZATION' ? null : (PHASES.find((phase) => followingPhase(phase) === to) ?? null);
  return {
    from,
    to,
    run: { status: 'RUNNING', version: 3, context: {} },
    actorId: 'p1',
    ownerId: 'p1',
    session: { ownerId: 'p1', usable: true },
    consent: { covered: true, missing: 0, purpose: 'email-campaign' },
    outputs: { required: ['a'], present: ['a'] },
    items: { expected: 2, made: 2 },
    alteredContents: 0,
    misaddressed: 0,
    approval: { status: 'approved', approvedHash: 'h', actualHash: 'h' },
    delivery: { total: 2, settled: 2 },
    residualFindings: 0,
  };
}

const rulesOf = (review: StateReview) => validateState(review, ALL_RULES).map((violation) => violation.rule);

describe('the phase table', () => {
  it('leads from the first phase through all six to the end', () => {
    const path: string[] = ['INITIALIZATION'];
    for (let at = path[0]; at !== 'COMPLETED'; path.push(at)) at = followingPhase(at as Phase);
    expect(path).toEqual([...PHASES, 'COMPLETED']);
  });

  it('names known phases only', () => {
    for (const targets of Object.values(NEXT_PHASES)) {
      for (const target of targets) expect([...PHASES, 'COMPLETED']).toContain(target);
    }
  });
});

describe('validateState', () => {
  it('asks for no approval where nothing is reviewed and nothing leaves', () => {
    expect(rulesOf({ ...sound('COMPLETED'), approval: 'not_needed' })).toEqual([]);
  });

  it.each([...PHASES, 'COMPLETED'] as const)('lets a sound run enter %s', (to) => {
    expect(rulesOf(sound(to))).toEqual([]);
  });

  it('denies every skip in the order of phases', () => {
    for (const from of PHASES) {
      for (const to of [...PHASES, 'COMPLETED'] as const) {
        if (NEXT_PHASES[from].includes(to)) continue;
        expect(rulesOf({ ...sound(to), from }), `${from} → ${to}`).toContain('state.order');
      }
    }
  });

  it.each<[string, Phase | 'COMPLETED', Partial<StateReview>]>([
    ['state.shape', 'GENERATION', { from: 'NOWHERE' }],
    ['state.shape', 'GENERATION', { run: { status: 'RUNNING', version: 1.5, context: {} } }],
    ['state.shape', 'GENERATION', { run: { status: 'RUNNING', version: 1, context: [] } }],
    ['state.order', 'GENERATION', { run: { status: 'CANCELLED', version: 1, context: {} } }],
    ['phase.outputs', 'GENERATION', { outputs: { required: ['a', 'b'], present: ['a'] } }],
    ['items.complete', 'REVIEW', { items: { expected: 3, made: 2 } }],
    ['user.authentication', 'INITIALIZATION', { actorId: undefined }],
    ['session.ownership', 'INITIALIZATION', { session: { ownerId: 'p2', usable: true } }],
    ['session.ownership', 'INITIALIZATION', { session: { ownerId: 'p1', usable: false } }],
    ['gdpr.consent', 'INITIALIZATION', { consent: { covered: false, missing: 1, purpose: 'x' } }],
    ['gdpr.consent', 'DELIVERY', { consent: { covered: false, missing: 1, purpose: 'x' } }],
    ['approval.bound', 'DELIVERY', { approval: { status: 'pending', approvedHash: 'h', actualHash: 'h' } }],
    [
      'approval.bound',
      'DELIVERY',
      { approval: { status: 'approved', approvedHash: 'h', actualHash: 'other' } },
    ],
    ['content.intact', 'REVIEW', { alteredContents: 1 }],
    ['tokens.addressed', 'REVIEW', { misaddressed: 1 }],
    ['delivery.settled', 'COMPLETED', { delivery: { total: 2, settled: 1 } }],
    ['pii.tokenized', 'REVIEW', { residualFindings: 1 }],
  ])('%s denies entering %s with %o', (rule, to, fault) => {
    expect(rulesOf({ ...sound(to), ...fault })).toContain(rule);
  });

  it('denies when a fact that a rule needs was not established', () => {
    const facts = [
      'session',
      'consent',
      'outputs',
      'items',
      'alteredContents',
      'misaddressed',
      'approval',
      'delivery',
      'residualFindings',
    ] as const;
    for (const fact of facts) {
      const denials = [...PHASES, 'COMPLETED' as const].flatMap((to) =>
        rulesOf({ ...sound(to), [fact]: undefined }),
      );
      expect(denials.length, fact).toBeGreaterThan(0);
    }
  });

  it('counts a rule that throws as not passed', () => {
    const thrower: StateRule = {
      id: 'THROWER',
      tier: 'basic',
      entering: ['REVIEW'],
      check: () => {
        throw new Error('on purpose');
      },
    };
    expect(validateState(sound('REVIEW'), [thrower])).toMatchObject([
      { message: 'the rule could not be evaluated' },
    ]);
  });
});
