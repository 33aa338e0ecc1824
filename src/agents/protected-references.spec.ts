import { describe, expect, it } from 'vitest';
import { hasForeignReference, referencesIn, withoutReferences } from './protected-references.js';

const input = { recipient: { name: '⟦PERSON_1⟧', attributes: { city: '⟦LOCATION_2⟧' } } };

describe('protected references', () => {
  it('are found at any depth', () => {
    expect([...referencesIn(input)]).toEqual(['⟦PERSON_1⟧', '⟦LOCATION_2⟧']);
  });

  it('may be used again or left out', () => {
    expect(hasForeignReference(input, { body: 'Dear ⟦PERSON_1⟧' })).toBe(false);
  });

  it.each([
    ['invented', 'Dear ⟦PERSON_2⟧'],
    ['altered', 'Dear ⟦Person_1⟧'],
    ['cut', 'Dear ⟦PERSON_1'],
    ['split', 'Dear ⟦PERSON⟧_1⟧'],
    ['nested', 'Dear ⟦⟦PERSON_1⟧⟧'],
  ])('may not be %s', (_, body) => {
    expect(hasForeignReference(input, { body })).toBe(true);
  });

  it('can be taken out of a text', () => {
    expect(withoutReferences('Dear ⟦PERSON_1⟧, hello')).toBe('Dear , hello');
  });
});
