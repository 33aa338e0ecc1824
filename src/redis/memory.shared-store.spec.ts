import { expect, it } from 'vitest';
import { FakeClock } from '../../test/harness/clock.fake.js';
import { MemorySharedStore } from './memory.shared-store.js';

it('keeps a value until the very end of its time, and not one moment more', async () => {
  const clock = new FakeClock();
  const store = new MemorySharedStore(clock);
  await store.set('key', 'value', 1_000);
  clock.advance(999);
  expect(await store.get('key')).toBe('value');
  clock.advance(1);
  expect(await store.get('key')).toBeUndefined();
  expect(await store.delete('key')).toBe(false);
});

it('does not fill up with keys that nobody asks for again', async () => {
  const clock = new FakeClock();
  const store = new MemorySharedStore(clock);
  for (let index = 0; index < 10_000; index++) {
    await store.set(`key-${index}`, 'value', 10);
    clock.advance(1);
  }
  expect(store.size).toBeLessThan(1_100);
});
