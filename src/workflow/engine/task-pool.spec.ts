import { describe, expect, it } from 'vitest';
import { type Lane, TaskPool } from './task-pool.js';

/** Tasks that end when they are told. */
class Works {
  readonly started: string[] = [];
  private readonly ends = new Map<
    string,
    { resolve: (name?: string) => void; reject: (error: Error) => void }
  >();

  readonly work = (name: string, signal: AbortSignal): Promise<string | undefined> => {
    this.started.push(name);
    return new Promise((resolve, reject) => {
      this.ends.set(name, { resolve, reject });
      signal.addEventListener('abort', () => resolve(undefined));
    });
  };

  end(...names: string[]): void {
    for (const name of names) this.ends.get(name)?.resolve(name);
  }

  break(name: string): void {
    this.ends.get(name)?.reject(new Error(name));
  }
}

function poolOf(lanes: readonly Partial<Lane<string>>[], maxLanes = lanes.length) {
  const works = new Works();
  const whole = lanes.map((lane) => ({ tasks: [], limit: 10, maxUncommitted: 10, ...lane }));
  const pool = new TaskPool<string, string>(whole, { maxLanes, mayStart: () => true, work: works.work });
  return { works, pool };
}

describe('a pool of tasks', () => {
  it('hands out together what has finished, while the others go on', async () => {
    const { works, pool } = poolOf([{ tasks: ['a', 'b', 'c'] }]);
    const first = pool.next();
    works.end('a', 'c');
    expect(await first).toEqual(['a', 'c']);
    expect(pool.isIdle).toBe(false);
    works.end('b');
    expect(await pool.next()).toEqual(['b']);
    expect(pool.isIdle).toBe(true);
    expect(await pool.next()).toEqual([]);
  });

  it('starts no more than a lane may run, nor than may be uncommitted', async () => {
    const { works, pool } = poolOf([{ tasks: ['a', 'b', 'c', 'd'], limit: 2, maxUncommitted: 3 }]);
    const first = pool.next();
    expect(works.started).toEqual(['a', 'b']);
    works.end('a', 'b');
    expect(await first).toEqual(['a', 'b']);
    expect(works.started).toEqual(['a', 'b', 'c']);
    pool.release(['a', 'b']);
    const second = pool.next();
    expect(works.started).toEqual(['a', 'b', 'c', 'd']);
    works.end('c', 'd');
    expect(await second).toEqual(['c', 'd']);
  });

  it('has no more lanes under way than it may', async () => {
    const { works, pool } = poolOf([{ tasks: ['a'] }, { tasks: ['b'] }, { tasks: ['c'] }], 2);
    const first = pool.next();
    expect(works.started).toEqual(['a', 'b']);
    works.end('b');
    await first;
    expect(works.started).toEqual(['a', 'b', 'c']);
    await pool.close();
  });

  it('starts nothing after a fault, and hands out what had an end all the same', async () => {
    const { works, pool } = poolOf([{ tasks: ['a', 'b', 'c'], limit: 2 }]);
    const first = pool.next();
    works.break('a');
    works.end('b');
    expect(await first).toEqual(['b']);
    expect(await pool.next()).toEqual([]);
    expect(works.started).toEqual(['a', 'b']);
    expect(pool.fault).toMatchObject({ message: 'a' });
  });

  it('is over at once when it is cancelled', async () => {
    const { works, pool } = poolOf([{ tasks: ['a', 'b'], limit: 1 }]);
    const first = pool.next();
    pool.cancel();
    expect(await first).toEqual([]);
    expect(works.started).toEqual(['a']);
    expect(pool.isIdle).toBe(true);
  });
});
