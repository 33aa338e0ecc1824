import { describe, expect, it } from 'vitest';
import { CLASSIFICATIONS, classify, countKinds, higher, rankOf } from './classification.js';

const NONE = { findings: {}, attributes: {} };

describe('classification', () => {
  it.each([
    ['nothing found', NONE, 'internal'],
    ['nothing found, declared public', { ...NONE, declared: 'public' as const }, 'public'],
    ['personal data', { ...NONE, findings: { email: 1 } }, 'confidential'],
    [
      'personal data, declared public',
      { findings: { person: 1 }, attributes: {}, declared: 'public' as const },
      'confidential',
    ],
    ['a kind that is not known', { ...NONE, findings: { other: 1 } }, 'confidential'],
    ['a card', { ...NONE, findings: { email: 1, creditCard: 1 } }, 'restricted'],
    ['an identity number', { ...NONE, findings: { nationalId: 1 } }, 'restricted'],
    ['an account', { ...NONE, findings: { bankAccount: 1 } }, 'restricted'],
    ['a secret', { ...NONE, findings: { secret: 1 } }, 'restricted'],
    ['nothing found, declared restricted', { ...NONE, declared: 'restricted' as const }, 'restricted'],
    ['an attribute that raises', { ...NONE, attributes: { classification: 'restricted' } }, 'restricted'],
    [
      'an attribute that would lower',
      { findings: { email: 1 }, attributes: { classification: 'public' } },
      'confidential',
    ],
    [
      'an attribute that is no classification',
      { ...NONE, attributes: { classification: 'cosmic' } },
      'internal',
    ],
  ])('of %s', (_what, by, expected) => {
    expect(classify(by)).toBe(expected);
  });

  it('has an order', () => {
    expect(CLASSIFICATIONS.map(rankOf)).toEqual([0, 1, 2, 3]);
    expect(higher('internal', 'restricted')).toBe('restricted');
    expect(higher('restricted', 'internal')).toBe('restricted');
  });

  it('counts findings by kind; look-alikes of tokens are nobody’s data', () => {
    const found = [
      ['PERSON', 2],
      ['FAMILY_NAME', 1],
      ['US_SSN', 1],
      ['LITERAL', 9],
      ['STAFF_NUMBER', 3],
      ['EMAIL', 0],
    ] as const;
    expect(countKinds(found)).toEqual({ person: 3, nationalId: 1, other: 3 });
  });
});
