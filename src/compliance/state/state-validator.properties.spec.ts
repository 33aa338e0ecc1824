import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { foreignValue as foreign, hostileValue } from '../../../test/harness/foreign-values.js';
import { soundReview } from '../../../test/harness/sound-review.js';
import { PHASES, type Phase } from './phases.js';
import type { StateReview } from './state-rule.js';
import { ALL_RULES, validateState } from './state-validator.js';

const foreignValue = fc.oneof({ weight: 20, arbitrary: foreign }, { weight: 1, arbitrary: hostileValue });

/** Where each fact is needed, and the one value of a foreign kind that is sound all the same. */
const FACTS: readonly [
  fact: keyof StateReview,
  to: Phase | 'COMPLETED',
  sound?: (value: unknown) => boolean,
][] = [
  ['run', 'GENERATION'],
  ['from', 'GENERATION'],
  ['actorId', 'INITIALIZATION'],
  ['ownerId', 'REVIEW'],
  ['session', 'DELIVERY'],
  ['consent', 'DELIVERY'],
  ['outputs', 'GENERATION'],
  ['items', 'REVIEW'],
  ['strategy', 'GENERATION'],
  ['drafts', 'REVIEW'],
  ['templates', 'REVIEW'],
  ['unsafeTexts', 'REVIEW', (value) => value === 0],
  ['auditChain', 'COMPLETED'],
  ['alteredContents', 'DELIVERY', (value) => value === 0],
  ['misaddressed', 'DELIVERY', (value) => value === 0],
  ['approval', 'DELIVERY'],
  ['oversight', 'DELIVERY'],
  ['outgoing', 'DELIVERY'],
  ['delivery', 'COMPLETED'],
  ['recordable', 'STRATEGY_ANALYSIS', (value) => value === true],
  ['residualFindings', 'BATCH_DISCOVERY', (value) => value === 0],
];

describe('a state that is malformed or foreign', () => {
  it('is denied with a reason, whatever stands in place of whichever fact, and stops nothing', () => {
    const damaged = fc
      .tuple(fc.constantFrom(...FACTS), foreignValue)
      .filter(([[, , isSound], value]) => !isSound?.(value));
    fc.assert(
      fc.property(damaged, ([[fact, to], value]) => {
        const violations = validateState(soundReview(to, { [fact]: value }), ALL_RULES);
        expect(violations.length, fact).toBeGreaterThan(0);
        // A reason is stored, sent and logged: it must be a text that can be, and not as long as what it speaks of.
        for (const { message } of violations) {
          expect(message.isWellFormed() && message.length > 0 && message.length < 500, message).toBe(true);
        }
      }),
      { numRuns: 10_000, seed: 20_260_216 },
    );
  });

  it('is denied when nothing of it is as it should be', () => {
    fc.assert(
      fc.property(foreignValue, (value) => {
        expect(validateState(value as StateReview, ALL_RULES).length).toBeGreaterThan(0);
      }),
      { numRuns: 2_000, seed: 20_260_216 },
    );
  });

  it('leads nowhere but to phases and the end', () => {
    const known = new Set<unknown>([...PHASES, 'COMPLETED']);
    fc.assert(
      fc.property(
        foreignValue.filter((value) => !known.has(value)),
        (to) => {
          expect(validateState(soundReview('REVIEW', { to }), ALL_RULES)).toMatchObject([
            { rule: 'state.shape' },
          ]);
        },
      ),
      { numRuns: 1_000, seed: 20_260_216 },
    );
  });
});
