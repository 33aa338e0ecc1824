import { describe, expect, it } from 'vitest';
import { ApiKeyCache } from './api-key-cache.js';
import type { ApiKey } from './api-key.repository.js';

const NOW = new Date('2030-01-01T00:00:00.000Z');
const later = (ms: number) => new Date(NOW.getTime() + ms);
const hash = (text: string) => Buffer.from(text);
const key = (id: string): ApiKey => ({
  id,
  tenantId: 'tenant',
  name: 'key',
  prefix: 'cs_test_abcd',
  roles: ['operator'],
  createdBy: 'somebody',
  createdAt: NOW,
  expiresAt: null,
  revokedAt: null,
});

describe('ApiKeyCache', () => {
  it('remembers a key for its time and not longer', () => {
    const cache = new ApiKeyCache(5_000);
    cache.put(hash('a'), key('a'), NOW, cache.generation);
    expect(cache.find(hash('a'), later(4_999))?.id).toBe('a');
    expect(cache.find(hash('a'), later(5_000))).toBeUndefined();
  });

  it('forgets a dropped key at once', () => {
    const cache = new ApiKeyCache();
    cache.put(hash('a'), key('a'), NOW, cache.generation);
    cache.drop(hash('a'));
    expect(cache.find(hash('a'), NOW)).toBeUndefined();
  });

  it('does not keep what was looked up before a revocation', () => {
    const cache = new ApiKeyCache();
    const before = cache.generation;
    cache.drop(hash('a'));
    cache.put(hash('a'), key('a'), NOW, before);
    expect(cache.find(hash('a'), NOW)).toBeUndefined();
  });

  it('never holds more than its bound and lets the oldest go', () => {
    const cache = new ApiKeyCache(5_000, 2);
    for (const id of ['a', 'b', 'a', 'c']) cache.put(hash(id), key(id), NOW, cache.generation);
    const kept = ['a', 'b', 'c'].filter((id) => cache.find(hash(id), NOW));
    expect(kept).toEqual(['a', 'c']);
  });
});
