import { describe, expect, it } from 'vitest';
import {
  decodeCursor,
  encodeCursor,
  lastIdInList,
  lastIdOf,
  lastPositionOf,
  listKeyOf,
  pageOf,
} from './paging.js';

const cursorOf = (row: number) => [String(row)];

describe('cursors', () => {
  it('give back what was put in, and nothing of it stands in clear in a URL', () => {
    const parts = ['2030-01-01T00:00:00.000Z', 'Zoë & søn'];
    expect(encodeCursor(parts)).toMatch(/^[A-Za-z0-9_-]+$/);
    expect(decodeCursor(encodeCursor(parts))).toEqual(parts);
  });

  it.each([
    ['not base64', '!!!'],
    ['not JSON', Buffer.from('{').toString('base64url')],
    ['not a list', Buffer.from('{"a":1}').toString('base64url')],
    ['not texts', Buffer.from('[1]').toString('base64url')],
    ['empty', encodeCursor([])],
    ['of another list', encodeCursor(['a'])],
  ])('are refused when they are %s', (_what, cursor) => {
    expect(() => decodeCursor(cursor, 2)).toThrow(expect.objectContaining({ code: 'INVALID_CURSOR' }));
  });
});

describe('what a cursor holds', () => {
  const invalid = expect.objectContaining({ code: 'INVALID_CURSOR' }) as Error;

  it('is an id or a position', () => {
    const id = '01a1fc0e-64df-74a4-a703-3f7fe916c128';
    expect(lastIdOf(encodeCursor([id]))).toBe(id);
    expect(lastPositionOf(encodeCursor(['0']))).toBe(0);
    expect(lastPositionOf(encodeCursor(['2147483647']))).toBe(2_147_483_647);
  });

  it.each(['Ada Example', '', '17'])('is no id: %j', (text) => {
    expect(() => lastIdOf(encodeCursor([text]))).toThrow(invalid);
  });

  it.each(['Ada', '', '-1', '1e3', '1.5', '2147483648', '99999999999'])('is no position: %j', (text) => {
    expect(() => lastPositionOf(encodeCursor([text]))).toThrow(invalid);
  });
});

describe('the cursor of a list with filters', () => {
  const id = '01a1fc0e-64df-74a4-a703-3f7fe916c128';
  const key = listKeyOf({ owner: 'one', after: new Date(0), order: 'asc' });

  it('is that of the same question, however it is written', () => {
    const same = listKeyOf({ order: 'asc', after: new Date(0), owner: 'one', status: undefined });
    expect(lastIdInList(encodeCursor([id, key]), same)).toBe(id);
  });

  it.each([
    ['another value', listKeyOf({ owner: 'two', after: new Date(0), order: 'asc' })],
    ['another time', listKeyOf({ owner: 'one', after: new Date(1), order: 'asc' })],
    ['one condition less', listKeyOf({ owner: 'one', order: 'asc' })],
  ])('is refused by a list with %s', (_what, other) => {
    expect(() => lastIdInList(encodeCursor([id, key]), other)).toThrow(
      expect.objectContaining({ code: 'INVALID_CURSOR' }) as Error,
    );
  });

  it('is refused when it holds no id, or does not name its list', () => {
    for (const parts of [['1', key], [id], [id, key, key]]) {
      expect(() => lastIdInList(encodeCursor(parts), key)).toThrow(
        expect.objectContaining({ code: 'INVALID_CURSOR' }) as Error,
      );
    }
  });
});

describe('pages', () => {
  it('lead on while there is more', () => {
    const page = pageOf([1, 2, 3], 2, cursorOf);
    expect(page.items).toEqual([1, 2]);
    expect(decodeCursor(page.nextCursor ?? '')).toEqual(['2']);
  });

  it('end when the last row is shown', () => {
    expect(pageOf([1, 2], 2, cursorOf)).toEqual({ items: [1, 2], nextCursor: null });
    expect(pageOf([], 2, cursorOf)).toEqual({ items: [], nextCursor: null });
  });
});
