import { v4 } from 'uuid';
import { describe, expect, it } from 'vitest';
import { isId, newId } from './ids.js';

describe('ids', () => {
  it('are UUIDv7', () => {
    expect(newId()).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });

  it('sort in the order in which they were made', () => {
    const made = Array.from({ length: 1_000 }, newId);
    expect(made.toSorted()).toEqual(made);
    expect(new Set(made).size).toBe(made.length);
  });

  it('are told from anything else', () => {
    expect(isId(newId())).toBe(true);
    for (const text of ['', 'nonsense', v4(), `${newId()} `, newId().replaceAll('-', '')]) {
      expect(isId(text)).toBe(false);
    }
  });
});
