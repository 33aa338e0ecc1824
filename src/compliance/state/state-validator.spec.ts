import { describe, expect, it } from 'vitest';
import { followingPhase, NEXT_PHASES, PHASES, type Phase } from './phases.js';
import { soundReview as sound } from '../../../test/harness/sound-review.js';
import type { StateReview, StateRule } from './state-rule.js';
import { ALL_RULES, validateState } from './state-validator.js';

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
    expect(rulesOf({ ...sound('COMPLETED'), approval: 'not_needed', oversight: 'not_needed' })).toEqual([]);
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

  it('gives every violation of the tier that fails, and none of a later one', () => {
    const faults = { alteredContents: 1, unsafeTexts: 1, misaddressed: 1 };
    const compliance = ['output.sanitised', 'tokens.addressed', 'content.intact'];
    expect(rulesOf({ ...sound('REVIEW'), ...faults })).toEqual(compliance);
    expect(rulesOf({ ...sound('REVIEW'), ...faults, items: { expected: 3, made: 2 } })).toEqual([
      'items.complete',
    ]);
  });

  it('lets nothing lead to what is no phase', () => {
    for (const to of [undefined, 'NOWHERE', 7, {}]) {
      expect(rulesOf({ ...sound('REVIEW'), to } as StateReview)).toEqual(['state.shape']);
    }
  });

  it('denies when a fact that a rule needs was not established', () => {
    const facts = [
      'session',
      'consent',
      'outputs',
      'items',
      'strategy',
      'drafts',
      'templates',
      'unsafeTexts',
      'auditChain',
      'oversight',
      'outgoing',
      'recordable',
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
      holds: 'Nothing.',
      check: () => {
        throw new Error('on purpose');
      },
    };
    expect(validateState(sound('REVIEW'), [thrower])).toMatchObject([
      { message: 'the rule could not be evaluated' },
    ]);
  });
});
