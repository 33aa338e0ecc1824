import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  asDatabaseUser,
  clusterFolder,
  isReachableByOthers,
  isRoot,
  NOBODY,
  SYSTEM_FOLDER,
} from './unprivileged.js';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'countersign-unprivileged-'));
});

afterEach(() => rm(folder, { recursive: true, force: true }));

describe('the database', () => {
  it('never runs as root', () => {
    expect(asDatabaseUser().uid ?? process.getuid?.()).not.toBe(0);
  });

  it('changes its user only where it must', () => {
    const expected = isRoot() ? { uid: NOBODY, gid: NOBODY, cwd: '/' } : { cwd: '/' };
    expect(asDatabaseUser()).toEqual(expected);
  });
});

describe('a folder', () => {
  it('is reachable by others when every folder above may be entered', async () => {
    await chmod(folder, 0o755);
    const inner = join(folder, 'inner');
    await mkdir(inner, { mode: 0o755 });
    expect(await isReachableByOthers(inner)).toBe(true);
    await chmod(folder, 0o750);
    expect(await isReachableByOthers(inner)).toBe(false);
  });

  it('that is not there yet is as reachable as the ones above it', async () => {
    await chmod(folder, 0o755);
    expect(await isReachableByOthers(join(folder, 'a', 'b'))).toBe(true);
    await chmod(folder, 0o700);
    expect(await isReachableByOthers(join(folder, 'a', 'b'))).toBe(false);
  });
});

describe('the folder of a cluster', () => {
  it('stands in a data directory that the database user can enter', async () => {
    await chmod(folder, 0o755);
    expect(await clusterFolder(folder, 'secret')).toBe(join(folder, 'postgres'));
  });

  it('is one of its own for each private data directory and secret of root', async () => {
    await chmod(folder, 0o700);
    const cluster = await clusterFolder(folder, 'secret');
    // Only root has to leave the data directory: anybody else runs the database as themselves.
    expect(cluster.startsWith(isRoot() ? join(SYSTEM_FOLDER, 'clusters') : folder)).toBe(true);
    expect(await clusterFolder(folder, 'secret')).toBe(cluster);
    expect(await clusterFolder(join(folder, 'inner'), 'secret')).not.toBe(cluster);
    expect((await clusterFolder(folder, 'another')) === cluster).toBe(!isRoot());
  });
});
