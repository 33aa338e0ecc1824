import { v4 } from 'uuid';
import { describe, expect, it } from 'vitest';
import { firstIdAt, isId, lastIdAt, newId } from './ids.js';

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

  it('lie between the first and the last id of their moment', () => {
    const before = Date.now();
    const id = newId();
    const after = Date.now();
    expect(firstIdAt(before) <= id && id <= lastIdAt(after)).toBe(true);
    expect(lastIdAt(before - 1) < id && id < firstIdAt(after + 1)).toBe(true);
  });

  it('have a first and a last one at any time, those of no id included', () => {
    for (const time of [-62_198_755_200_000, 0, 1, 1_893_456_000_000.7, 253_402_300_799_999, 2 ** 60]) {
      expect(isId(firstIdAt(time)) && isId(lastIdAt(time)), String(time)).toBe(true);
      expect(firstIdAt(time) < lastIdAt(time)).toBe(true);
    }
    expect(firstIdAt(0xabc)).toBe('00000000-0abc-7000-8000-000000000000');
    expect(lastIdAt(0xabc)).toBe('00000000-0abc-7fff-bfff-ffffffffffff');
  });
});
