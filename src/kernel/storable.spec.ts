import { describe, expect, it } from 'vitest';
import { isStorable } from './storable.js';

describe('text that is to be stored', () => {
  it.each([['plain'], ['astral 𝒳 and ⟦EMAIL_1⟧'], [{ a: ['b', 1, null, true] }], [undefined]])(
    'is fine as %j',
    (value) => expect(isStorable(value)).toBe(true),
  );

  it.each([['a\0b'], ['half \ud800'], [{ list: [{ deep: '\udc00' }] }], [{ 'key\0': 1 }]])(
    'is refused as %j',
    (value) => expect(isStorable(value)).toBe(false),
  );

  it('may be nested deeper than the stack is', () => {
    let value: unknown = 'a\0b';
    for (let level = 0; level < 100_000; level++) value = [value];
    expect(isStorable(value)).toBe(false);
  });
});
