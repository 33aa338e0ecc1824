import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { storableFault } from './storable-fault.js';

describe('what the queue stores of a fault', () => {
  const fault = Object.assign(new Error('no mailbox ada@example.com', { cause: 'Ada Example' }), {
    name: 'DatabaseError',
    code: '22P05',
    detail: 'Key (email)=(ada@example.com)',
    where: 'JSON data, line 1: {"name":"Ada Example"',
    parameters: ['Ada Example'],
  });

  it('is its kind and code', () => {
    expect(storableFault(fault).message).toBe('DatabaseError 22P05');
    expect(storableFault(new TypeError('Ada Example')).message).toBe('TypeError');
    expect(storableFault('Ada Example').message).toBe('unknown fault');
  });

  it('is nothing of what it happened to, in any property', () => {
    for (const thrown of [fault, new TypeError('Ada Example'), 'Ada Example', undefined])
      expect(inspect(storableFault(thrown), { showHidden: true, depth: 9 })).not.toMatch(/ada/i);
  });
});
