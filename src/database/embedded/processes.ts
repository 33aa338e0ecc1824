import { readFile } from 'node:fs/promises';

/** Whether a process runs. One that has ended and that nobody has collected yet does not. */
export async function isRunning(pid: number): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // It may belong to somebody else.
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  return (await statOf(pid))?.state !== 'Z';
}

/** Whether a process has ended and is still listed, because whoever started it has not collected it yet. */
export async function isUncollected(pid: number): Promise<boolean> {
  return (await statOf(pid))?.state === 'Z';
}

/** A name for a process that another one with the same id does not get, where the system tells (Linux). */
export async function identityOf(pid: number): Promise<string> {
  return `${pid}-${(await statOf(pid))?.startedAt ?? ''}`;
}

/** Whether the process with this identity still runs. */
export async function isRunningAs(identity: string): Promise<boolean> {
  const pid = Number(identity.split('-', 1)[0]);
  return pid > 0 && (await isRunning(pid)) && (await identityOf(pid)) === identity;
}

/** From `/proc/<pid>/stat`; the fields are counted from the bracket that ends the program's name. */
async function statOf(pid: number): Promise<{ state: string; startedAt: string } | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  const fields = text?.slice(text.lastIndexOf(')') + 2).split(' ');
  const [state, startedAt] = [fields?.[0], fields?.[19]];
  return state && startedAt ? { state, startedAt } : undefined;
}
