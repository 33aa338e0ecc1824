import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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
    // A shell that has replaced itself by something that never collects its children.
    const parent = spawn('sh', ['-c', 'true & echo $!; exec cat'], { stdio: ['pipe', 'pipe', 'inherit'] });
    const [line] = (await once(parent.stdout, 'data')) as [Buffer];
    const pid = Number(line.toString());
    await expect.poll(() => isUncollected(pid)).toBe(true);
    await writeFile(join(folder, 'postmaster.pid'), `${pid}\n${folder}\n0\n5432\n`);
    const collected = untilCollected(folder).then(() => isUncollected(pid));
    // Its parent ends, so that the system collects it.
    parent.stdin.end();
    expect(await collected).toBe(false);
  });

  it.each(['', 'nonsense', '999999999\n'])('is not waited for when the lock file says %j', async (text) => {
    await writeFile(join(folder, 'postmaster.pid'), text);
    await expect(untilCollected(folder)).resolves.toBeUndefined();
  });
});
