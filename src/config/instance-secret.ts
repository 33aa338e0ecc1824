import { randomBytes } from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Reads a secret of the instance from a file, or creates the file (mode 0600) when it is not there.
 * Two processes that start at once agree: creation is exclusive, and the loser reads the winner's. The file appears
 * complete and flushed, so neither a crash nor a power cut leaves a secret that is lost when it has been used.
 */
export function readOrCreateSecret(path: string, create: () => string): { value: string; created: boolean } {
  try {
    return { value: readFileSync(path, 'utf8').trim(), created: false };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  // Only the folder of secrets is private: others beside it may be for other users of the machine.
  mkdirSync(dirname(dirname(path)), { recursive: true });
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const value = create();
  const draft = `${path}.${randomBytes(6).toString('hex')}`;
  try {
    writeFileSync(draft, `${value}\n`, { mode: 0o600, flag: 'wx', flush: true });
    // Unlike a rename, a link never replaces a file that is there already.
    linkSync(draft, path);
    return { value, created: true };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return { value: readFileSync(path, 'utf8').trim(), created: false };
  } finally {
    rmSync(draft, { force: true });
  }
}
