import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { untilCollected } from './postmaster.js';
import { isUncollected } from './processes.js';

describe('a postmaster that was killed', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'countersign-postmaster-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  // Only Linux tells of processes that have ended and are not collected.
  it.runIf(process.platform === 'linux')('is waited for until it is off the list of processes', async () => {
    // A shell that has replaced itself by something that never collects its children, before its child ends.
    const parent = spawn('sh', ['-c', 'head -c 1 <&3 >/dev/null & echo $!; exec cat'], {
      stdio: ['pipe', 'pipe', 'inherit', 'pipe'],
    });
    const [line] = (await once(parent.stdout as Readable, 'data')) as [Buffer];
    const pid = Number(line.toString());
    const patience = { timeout: 30_000 };
    await expect.poll(() => readFile(`/proc/${parent.pid}/comm`, 'utf8'), patience).toBe('cat\n');
    (parent.stdio[3] as Writable).end('.');
    await expect.poll(() => isUncollected(pid), patience).toBe(true);
    await writeFile(join(folder, 'postmaster.pid'), `${pid}\n${folder}\n0\n5432\n`);
    const collected = untilCollected(folder).then(() => isUncollected(pid));
    // Its parent ends, so that the system collects it.
    parent.stdin?.end();
    expect(await collected).toBe(false);
  });

  it.each(['', 'nonsense', '999999999\n'])('is not waited for when the lock file says %j', async (text) => {
    await writeFile(join(folder, 'postmaster.pid'), text);
    await expect(untilCollected(folder)).resolves.toBeUndefined();
  });
});
