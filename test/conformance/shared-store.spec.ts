import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { systemClock } from '../../src/kernel/clock.js';
import { MemorySharedStore } from '../../src/redis/memory.shared-store.js';
import { RedisSharedStore } from '../../src/redis/redis.shared-store.js';
import type { SharedStore } from '../../src/redis/shared-store.js';
import { redisAtHand, startRedis, type TestRedis } from './redis-server.js';
import { sharedStoreCases } from './shared-store.cases.js';

sharedStoreCases('in this process', true, async () => {
  const stores: SharedStore[] = [];
  return {
    open: () => {
      const store = new MemorySharedStore(systemClock);
      stores.push(store);
      return store;
    },
    close: async () => {
      for (const store of stores) await store.close();
    },
  };
});

sharedStoreCases(
  'Redis (needs REDIS_URL or a redis-server on PATH)',
  redisAtHand() !== undefined,
  async () => {
    const redis = await startRedis();
    const prefix = `test-${randomUUID()}:`;
    const stores: SharedStore[] = [];
    return {
      open: () => {
        const store = new RedisSharedStore(redis.url, prefix);
        stores.push(store);
        return store;
      },
      close: async () => {
        for (const store of stores) await store.close();
        await redis.stop();
      },
    };
  },
);

describe.runIf(redisAtHand() === 'own')('losing Redis', () => {
  let redis: TestRedis;
  let store: RedisSharedStore;
  beforeEach(async () => {
    redis = await startRedis();
    store = new RedisSharedStore(redis.url, 'lost:');
  });
  afterEach(async () => {
    await store.close();
    await redis.stop();
  });

  it('makes every method refuse instead of hang, until Redis is back', async () => {
    const heard: string[] = [];
    await store.subscribe('channel', (message) => heard.push(message));
    await store.set('key', 'value', 60_000);
    await redis.stop();

    const refusal = expect.objectContaining({ code: 'SERVICE_UNAVAILABLE' });
    await vi.waitFor(() => expect(store.ping()).rejects.toEqual(refusal));
    await expect(store.get('key')).rejects.toEqual(refusal);
    await expect(store.set('key', 'value', 1)).rejects.toEqual(refusal);
    await expect(store.setIfAbsent('key', 'value', 1)).rejects.toEqual(refusal);
    await expect(store.delete('key')).rejects.toEqual(refusal);
    await expect(store.increment('key', 1)).rejects.toEqual(refusal);
    await expect(store.publish('channel', 'lost')).rejects.toEqual(refusal);
    await expect(store.subscribe('other', () => undefined)).rejects.toEqual(refusal);

    await redis.restart?.();
    await vi.waitFor(() => store.ping(), { timeout: 10_000 });
    await vi.waitFor(
      async () => {
        await store.publish('channel', 'found');
        expect(heard).toContain('found');
      },
      { timeout: 10_000 },
    );
  });

  it('lets the process start and close without it', async () => {
    await redis.stop();
    const late = new RedisSharedStore(redis.url, 'lost:');
    await expect(late.ping()).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
    await late.close();
  });
});
