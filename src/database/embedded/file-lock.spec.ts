import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { withFileLock } from './file-lock.js';
import { identityOf, isRunning, isRunningAs } from './processes.js';

let folder: string;
let lock: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'countersign-lock-'));
  lock = join(folder, 'lock');
});

afterEach(() => rm(folder, { recursive: true, force: true }));

/** The identity of a process that has ended. */
async function deadIdentity(): Promise<string> {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
  const identity = await identityOf(child.pid ?? 0);
  child.kill('SIGKILL');
  await once(child, 'exit');
  return identity;
}

describe('a file lock', () => {
  it('lets one in at a time', async () => {
    let inside = 0;
    let most = 0;
    const work = async () => {
      most = Math.max(most, ++inside);
      await new Promise((resolve) => setImmediate(resolve));
      inside--;
    };
    await Promise.all(Array.from({ length: 5 }, () => withFileLock(lock, work)));
    expect(most).toBe(1);
    expect(inside).toBe(0);
  });

  it('gives back what the work gave, and leaves nothing behind', async () => {
    expect(await withFileLock(lock, async () => 'done')).toBe('done');
    expect(await readdir(folder)).toEqual([]);
  });

  it('is given back when the work fails', async () => {
    await expect(withFileLock(lock, () => Promise.reject(new Error('on purpose')))).rejects.toThrow(
      'on purpose',
    );
    expect(await readdir(folder)).toEqual([]);
  });

  it('of a process that died is taken over', async () => {
    await mkdir(lock);
    await writeFile(join(lock, await deadIdentity()), '');
    expect(await withFileLock(lock, async () => 'mine now')).toBe('mine now');
  });

  it('of a process whose id somebody else has by now is taken over', async () => {
    await mkdir(lock);
    await writeFile(join(lock, `${process.pid}-1`), '');
    expect(await withFileLock(lock, async () => 'mine now')).toBe('mine now');
  });

  it('of a process that lives is respected', async () => {
    const holder = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
    await mkdir(lock);
    await writeFile(join(lock, await identityOf(holder.pid ?? 0)), '');
    let heldByOther: boolean | undefined;
    const waiting = withFileLock(lock, async () => {
      heldByOther = await isRunning(holder.pid ?? 0);
    });
    holder.kill('SIGKILL');
    await waiting;
    expect(heldByOther).toBe(false);
  });

  it('cannot be taken in a folder that is not there', async () => {
    const nowhere = join(folder, 'absent', 'lock');
    await expect(withFileLock(nowhere, async () => undefined)).rejects.toThrow(/ENOENT/);
    expect(existsSync(nowhere)).toBe(false);
  });
});

describe('a process', () => {
  it('is known by more than its id', async () => {
    expect(await isRunningAs(await identityOf(process.pid))).toBe(true);
    expect(await isRunningAs(await deadIdentity())).toBe(false);
    for (const identity of ['', '-1', '0-', 'nonsense']) expect(await isRunningAs(identity)).toBe(false);
  });
});
