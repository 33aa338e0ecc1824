import { describe, expect, it } from 'vitest';
import { isId } from '../kernel/ids.js';
import { requestIdOf } from './request-id.js';

const idFor = (given: string) => requestIdOf({ headers: { 'x-request-id': given } });

describe('the id of a request', () => {
  it.each([
    'client-id.0001',
    '01a1fc0e-64df-74a4-a703-3f7fe916c128',
    '4bf92f3577b34da6a3ce929d0e0e4736',
    '01JCYQ5W3K9ZT6XGQHBX0R8M2N',
  ])('is the one the client gave: %s', (given) => {
    expect(idFor(given)).toBe(given);
  });

  it.each(['202-555-0147', '12025550147', 'Ada.Example', 'ada@example.com', 'short-1'])(
    'is a new one instead of %s, which is no opaque id',
    (given) => {
      expect(isId(idFor(given))).toBe(true);
    },
  );
});
