import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { SharedStore } from '../../src/redis/shared-store.js';

/** One kind of store under test. */
export interface StoreUnderTest {
  /** A fresh handle on the same data, as another process would hold it. */
  open(): SharedStore;
  close(): Promise<void>;
}

/**
 * What every implementation of the shared store guarantees.
 *
 * @param isAtHand whether this machine can run it; the cases are reported as skipped where it cannot.
 */
export function sharedStoreCases(
  name: string,
  isAtHand: boolean,
  start: () => Promise<StoreUnderTest>,
): void {
  describe.runIf(isAtHand)(`shared store: ${name}`, () => {
    let test: StoreUnderTest;
    let store: SharedStore;
    let count = 0;
    /** A key no other case uses. */
    const key = () => `key-${++count}`;
    beforeAll(async () => {
      test = await start();
      store = test.open();
    });
    afterAll(() => test.close());

    it('answers', async () => {
      await expect(store.ping()).resolves.toBeUndefined();
    });

    it('has nothing under a key that was never set', async () => {
      expect(await store.get(key())).toBeUndefined();
    });

    it('gives back what was set, to the letter', async () => {
      const name = key();
      await store.set(name, 'Zoë\n\u0000🎈 ⟦EMAIL_1⟧', 60_000);
      expect(await store.get(name)).toBe('Zoë\n\u0000🎈 ⟦EMAIL_1⟧');
      await store.set(name, '', 60_000);
      expect(await store.get(name)).toBe('');
    });

    it('forgets a value after its time', async () => {
      const name = key();
      await store.set(name, 'short-lived', 30);
      await vi.waitFor(async () => expect(await store.get(name)).toBeUndefined());
      expect(await store.setIfAbsent(name, 'next', 60_000)).toBe(true);
    });

    it('gives a new time with a new value', async () => {
      const name = key();
      await store.set(name, 'short', 60_000);
      await store.set(name, 'shorter', 30);
      await vi.waitFor(async () => expect(await store.get(name)).toBeUndefined());
    });

    it('sets an absent value once', async () => {
      const name = key();
      const won = await Promise.all(
        Array.from({ length: 20 }, (_none, index) => store.setIfAbsent(name, String(index), 60_000)),
      );
      expect(won.filter(Boolean)).toHaveLength(1);
      expect(await store.get(name)).toBe(String(won.indexOf(true)));
    });

    it('tells whether there was something to delete', async () => {
      const name = key();
      await store.set(name, 'a', 60_000);
      expect(await store.delete(name)).toBe(true);
      expect(await store.delete(name)).toBe(false);
      expect(await store.get(name)).toBeUndefined();
    });

    it('counts every increment, however many come at once', async () => {
      const name = key();
      const counts = await Promise.all(Array.from({ length: 50 }, () => store.increment(name, 60_000)));
      expect(counts.toSorted((a, b) => a - b)).toEqual(
        Array.from({ length: 50 }, (_none, index) => index + 1),
      );
    });

    it('does not prolong a count by counting on', async () => {
      const name = key();
      await store.increment(name, 150);
      await store.increment(name, 60_000);
      await vi.waitFor(async () => expect(await store.get(name)).toBeUndefined());
      expect(await store.increment(name, 60_000)).toBe(1);
    });

    it.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY])('refuses a time to live of %d', async (ttlMs) => {
      await expect(store.set(key(), 'a', ttlMs)).rejects.toThrow(TypeError);
      await expect(store.setIfAbsent(key(), 'a', ttlMs)).rejects.toThrow(TypeError);
      await expect(store.increment(key(), ttlMs)).rejects.toThrow(TypeError);
    });

    it('brings messages to every listener of a channel and to no other', async () => {
      const [channel, other] = [key(), key()];
      const heard: string[] = [];
      const stops = [
        await store.subscribe(channel, (message) => heard.push(`first ${message}`)),
        await store.subscribe(channel, (message) => heard.push(`second ${message}`)),
        await store.subscribe(other, (message) => heard.push(`other ${message}`)),
      ];
      await store.publish(channel, 'one');
      await store.publish(channel, 'two');
      await vi.waitFor(() => expect(heard).toHaveLength(4));
      expect(heard.toSorted()).toEqual(['first one', 'first two', 'second one', 'second two']);
      expect(heard.indexOf('first one')).toBeLessThan(heard.indexOf('first two'));
      for (const stop of stops) await stop();
    });

    it('leaves a listener alone once it has unsubscribed, and the others not', async () => {
      const channel = key();
      const heard: string[] = [];
      const listener = (message: string) => heard.push(message);
      const stop = await store.subscribe(channel, listener);
      const stopSecond = await store.subscribe(channel, listener);
      await stop();
      await stop();
      await store.publish(channel, 'one');
      await vi.waitFor(() => expect(heard).toEqual(['one']));
      await stopSecond();
    });

    it('brings a message to the others when one listener throws', async () => {
      const channel = key();
      const heard: string[] = [];
      const stops = [
        await store.subscribe(channel, () => {
          throw new Error('on purpose');
        }),
        await store.subscribe(channel, (message) => heard.push(message)),
      ];
      await store.publish(channel, 'one');
      await vi.waitFor(() => expect(heard).toEqual(['one']));
      for (const stop of stops) await stop();
    });

    it('shows what it holds to others exactly if it says that it is shared', async () => {
      const neighbour = test.open();
      const [name, channel] = [key(), key()];
      const heard: string[] = [];
      await neighbour.subscribe(channel, (message) => heard.push(message));
      await store.set(name, 'here', 60_000);
      await store.publish(channel, 'hello');
      const expected = store.isShared ? { value: 'here', heard: ['hello'] } : { value: undefined, heard: [] };
      expect(await neighbour.get(name)).toBe(expected.value);
      await vi.waitFor(() => expect(heard).toEqual(expected.heard));
    });
  });
}
