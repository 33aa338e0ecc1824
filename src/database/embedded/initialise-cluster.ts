import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chown, mkdir, open, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { AppError } from '../../kernel/app-error.js';
import type { PostgresBinaries } from './postgres-binaries.js';
import { asDatabaseUser, isRoot, NOBODY } from './unprivileged.js';

/** Makes an empty cluster if there is none. It appears complete or not at all, whenever the process dies. */
export async function initialiseCluster(
  binaries: PostgresBinaries,
  folder: string,
  user: string,
  password: string,
): Promise<void> {
  if (existsSync(join(folder, 'PG_VERSION'))) return;
  await removeDrafts(folder);
  const draft = `${folder}${DRAFT}${randomBytes(6).toString('hex')}`;
  const passwordFile = `${draft}.password`;
  try {
    await mkdir(draft, { mode: 0o700 });
    await writeFile(passwordFile, password, { mode: 0o600 });
    if (isRoot()) for (const path of [draft, passwordFile]) await chown(path, NOBODY, NOBODY);
    await runInitdb(binaries.initdb, draft, user, passwordFile);
    await rename(draft, folder);
    await syncFolder(dirname(folder));
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    throw new AppError('DATABASE_UNAVAILABLE', {
      detail: `The embedded Postgres could not be set up: ${reasonOf(error as { stderr?: string; message: string })}`,
      cause: error,
    });
  } finally {
    await rm(passwordFile, { force: true });
  }
}

const DRAFT = '.new-';

async function runInitdb(initdb: string, folder: string, user: string, passwordFile: string): Promise<void> {
  await promisify(execFile)(
    initdb,
    [
      `--pgdata=${folder}`,
      `--username=${user}`,
      '--encoding=UTF8',
      '--locale=C.UTF-8',
      '--locale-provider=builtin',
      '--auth=scram-sha-256',
      `--pwfile=${passwordFile}`,
    ],
    { ...asDatabaseUser(), env: { PATH: '/usr/bin:/bin', LC_ALL: 'C' } },
  );
}

/** What interrupted attempts left holds nothing. */
async function removeDrafts(folder: string): Promise<void> {
  const names = await readdir(dirname(folder));
  const drafts = names.filter((name) => name.startsWith(`${basename(folder)}${DRAFT}`));
  for (const name of drafts) await rm(join(dirname(folder), name), { recursive: true, force: true });
}

/** Makes the rename last: were it undone by a power cut, the cluster with its data would look like a draft. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function reasonOf({ stderr, message }: { stderr?: string; message: string }): string {
  return (stderr?.trim() || message).split('\n').at(-1) ?? '';
}
