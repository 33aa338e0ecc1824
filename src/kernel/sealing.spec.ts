import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { deriveKey, open, pseudonym, seal } from './sealing.js';

const key = randomBytes(32);

describe('seal and open', () => {
  it('gives back what was sealed, text and bytes', () => {
    expect(open(key, seal(key, 'Grüße ⟦X_1⟧', 'a'), 'a').toString('utf8')).toBe('Grüße ⟦X_1⟧');
    const bytes = randomBytes(100);
    expect(open(key, seal(key, bytes, 'a'), 'a')).toEqual(bytes);
    expect(open(key, seal(key, '', 'a'), 'a')).toHaveLength(0);
  });

  it('never seals the same text to the same bytes', () => {
    expect(seal(key, 'x', 'a').equals(seal(key, 'x', 'a'))).toBe(false);
  });

  it('lays out version, IV, tag and ciphertext', () => {
    const sealed = seal(key, 'four', 'a');
    expect(sealed[0]).toBe(1);
    expect(sealed).toHaveLength(1 + 12 + 16 + 4);
  });

  it('refuses bytes of which any bit was changed', () => {
    const sealed = seal(key, 'value', 'a');
    for (let index = 0; index < sealed.length; index++) {
      const changed = Buffer.from(sealed);
      changed[index] = (changed[index] ?? 0) ^ 1;
      expect(() => open(key, changed, 'a')).toThrow(/authenticate|not a sealed value/);
    }
  });

  it('refuses another key, another place and a cut value', () => {
    const sealed = seal(key, 'value', 'tenant-a');
    expect(() => open(randomBytes(32), sealed, 'tenant-a')).toThrow(/authenticate/);
    expect(() => open(key, sealed, 'tenant-b')).toThrow(/authenticate/);
    expect(() => open(key, sealed.subarray(0, 20), 'tenant-a')).toThrow(/not a sealed value/);
  });
});

describe('deriveKey', () => {
  it('gives 256 bits, the same for the same purpose only', () => {
    expect(deriveKey(key, 'a', 'b')).toHaveLength(32);
    expect(deriveKey(key, 'a', 'b')).toEqual(deriveKey(key, 'a', 'b'));
    expect(deriveKey(key, 'a', 'b')).not.toEqual(deriveKey(key, 'ab'));
    expect(deriveKey(key, 'a', 'b')).not.toEqual(deriveKey(randomBytes(32), 'a', 'b'));
  });
});

describe('pseudonym', () => {
  it('is HMAC-SHA-256 in hexadecimal', () => {
    // RFC 4231, test case 2.
    expect(pseudonym(Buffer.from('Jefe'), 'what do ya want for nothing?')).toBe(
      '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
    );
  });
});
