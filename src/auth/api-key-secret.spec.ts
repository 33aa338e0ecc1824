import { createSecretKey, randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { displayPrefixOf, hashApiKey, isApiKeyShaped, newApiKey } from './api-key-secret.js';

describe('API key secrets', () => {
  it('name their environment and are different each time', () => {
    const keys = new Set(Array.from({ length: 100 }, () => newApiKey('production')));
    expect(keys.size).toBe(100);
    for (const key of keys) expect(key).toMatch(/^cs_prod_[A-Za-z0-9_-]{32}$/);
  });

  it('are recognised by their shape', () => {
    for (const environment of ['development', 'staging', 'production', 'test'] as const) {
      expect(isApiKeyShaped(newApiKey(environment))).toBe(true);
    }
    for (const other of [
      '',
      'cs_',
      'cs_dev_short',
      'sk_dev_0123456789abcdef0123',
      'cs_dev_0123456789abcdef\n',
    ]) {
      expect(isApiKeyShaped(other)).toBe(false);
    }
  });

  it('cannot be tested against a stored hash without the secret of the instance', () => {
    const key = newApiKey('test');
    const secret = createSecretKey(randomBytes(32));
    expect(hashApiKey(secret, key)).toEqual(hashApiKey(secret, key));
    expect(hashApiKey(createSecretKey(randomBytes(32)), key)).not.toEqual(hashApiKey(secret, key));
  });

  it('show four random characters, also when those hold an underscore', () => {
    expect(displayPrefixOf('cs_dev_a_bcdefghijklmnop')).toBe('cs_dev_a_bc');
  });
});
