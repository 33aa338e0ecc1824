import { randomBytes } from 'node:crypto';
import { mkdir, readdir, rename, rm, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { identityOf, isRunningAs } from './processes.js';

/**
 * Runs work while holding a lock; the lock of a dead process is taken over.
 *
 * The lock is a folder with one file, named after its holder. It appears complete, by a rename that fails on a
 * folder that holds something, and a dead holder is removed by name: however processes interleave or die, nobody
 * takes the lock from one that lives.
 */
export async function withFileLock<T>(path: string, work: () => Promise<T>): Promise<T> {
  const holder = await identityOf(process.pid);
  while (!(await take(path, holder))) await wait(50);
  try {
    return await work();
  } finally {
    await remove(path, holder);
  }
}

async function take(path: string, holder: string): Promise<boolean> {
  const draft = `${path}.${randomBytes(6).toString('hex')}`;
  await mkdir(draft);
  await writeFile(join(draft, holder), '');
  try {
    await rename(draft, path);
    return true;
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    if (!isTaken(error as NodeJS.ErrnoException)) throw error;
  }
  const [present] = await readdir(path).catch(() => []);
  if (present === undefined || !(await isRunningAs(present))) await remove(path, present);
  return false;
}

async function remove(path: string, holder: string | undefined): Promise<void> {
  if (holder !== undefined) await rm(join(path, holder), { force: true });
  // Fails when somebody else holds the lock by now, as it should.
  await rmdir(path).catch(() => undefined);
}

function isTaken({ code }: NodeJS.ErrnoException): boolean {
  return code === 'ENOTEMPTY' || code === 'EEXIST' || (process.platform === 'win32' && code === 'EPERM');
}
