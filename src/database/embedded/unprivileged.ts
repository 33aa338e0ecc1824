import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** The user and group "nobody" of Linux and macOS images: what Postgres runs as when we are root. */
export const NOBODY = 65_534;

/** Where root keeps what "nobody" must reach. */
export const SYSTEM_FOLDER = '/var/lib/countersign';

export function isRoot(): boolean {
  return process.getuid?.() === 0;
}

/** How a Postgres program is to be run: never as root, which it refuses. */
export function asDatabaseUser(): { uid?: number; gid?: number; cwd: string } {
  return isRoot() ? { uid: NOBODY, gid: NOBODY, cwd: '/' } : { cwd: '/' };
}

/** Whether a user without rights of their own may enter every folder above and read this one. */
export async function isReachableByOthers(path: string): Promise<boolean> {
  for (let folder = path; ; folder = dirname(folder)) {
    const mode = await stat(folder).then(
      (found) => found.mode,
      () => 0o755,
    );
    if ((mode & 0o001) === 0) return false;
    if (folder === dirname(folder)) return true;
  }
}

/**
 * The folder for a database cluster that belongs to a data directory: inside it where the database user can
 * get there, else a stable one under {@link SYSTEM_FOLDER}.
 *
 * @param secret of the data directory: one that was removed and made anew must not meet the old cluster.
 */
export async function clusterFolder(dataDir: string, secret: string): Promise<string> {
  if (!isRoot() || (await isReachableByOthers(dataDir))) return join(dataDir, 'postgres');
  const name = createHash('sha256').update(`${dataDir}\0${secret}`).digest('hex').slice(0, 16);
  return join(SYSTEM_FOLDER, 'clusters', name);
}
