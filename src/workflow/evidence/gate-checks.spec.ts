import { describe, expect, it } from 'vitest';
import { gateChecksOf, type GateTarget, type RecordedPassage } from './gate-checks.js';

const passage = (changes: Partial<RecordedPassage>): RecordedPassage => ({
  eventId: 'event',
  occurredAt: new Date('2030-01-01T00:00:00.000Z'),
  from: 'REVIEW',
  to: 'DELIVERY',
  allowed: true,
  violated: [],
  ...changes,
});

const denied = (...violated: string[]) => passage({ allowed: false, violated });

/** The results of the gate before DELIVERY, by rule. */
function resultsOf(...passages: RecordedPassage[]): Record<string, string> {
  const check = gateChecksOf(passages, []).find(({ entering }) => entering === 'DELIVERY');
  return Object.fromEntries((check?.rules ?? []).map(({ rule, result }) => [rule, result]));
}

describe('gateChecksOf', () => {
  it('names every gate in order, those that nobody reached too', () => {
    const checks = gateChecksOf([passage({})], []);
    expect(checks.map(({ entering }) => entering)).toEqual<GateTarget[]>([
      'INITIALIZATION',
      'BATCH_DISCOVERY',
      'STRATEGY_ANALYSIS',
      'GENERATION',
      'REVIEW',
      'DELIVERY',
      'COMPLETED',
    ]);
    expect(checks.map(({ result }) => result).filter((result) => result !== 'not_reached')).toEqual([
      'passed',
    ]);
    expect(checks[0]?.rules.every(({ result }) => result === 'not_evaluated')).toBe(true);
  });

  it('takes what was allowed for passed in every rule', () => {
    expect(new Set(Object.values(resultsOf(passage({}))))).toEqual(new Set(['passed']));
  });

  it('does not take for passed what a denial of an earlier tier kept from being asked', () => {
    const results = resultsOf(denied('state.order'));
    expect(results).toMatchObject({
      'state.shape': 'passed',
      'state.order': 'failed',
      'approval.bound': 'not_evaluated',
      'pii.tokenized': 'not_evaluated',
    });
  });

  it('takes audit manager and detector for asked beside rules of their own tier', () => {
    expect(resultsOf(denied('approval.bound', 'pii.tokenized'))).toMatchObject({
      'state.order': 'passed',
      'approval.bound': 'failed',
      'gdpr.consent': 'passed',
      'audit.recordable': 'passed',
      'pii.tokenized': 'failed',
    });
  });

  it('says what the newest passage left, and keeps the others', () => {
    const checks = gateChecksOf([denied('approval.bound'), passage({ eventId: 'later' })], []);
    const delivery = checks.find(({ entering }) => entering === 'DELIVERY');
    expect(delivery).toMatchObject({
      result: 'passed',
      passages: [{ decision: 'denied' }, { eventId: 'later' }],
    });
  });

  it('shows a rule that is not known any more with what is on record of it', () => {
    const violations = [{ rule: 'old.rule', tier: 'compliance', message: 'it was so' } as const];
    const check = gateChecksOf([denied('old.rule')], violations).find(
      ({ entering }) => entering === 'DELIVERY',
    );
    expect(check?.rules).toContainEqual({
      rule: 'old.rule',
      tier: 'compliance',
      result: 'failed',
      message: 'it was so',
    });
  });
});
