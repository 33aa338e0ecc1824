import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Installs what the lockfile of the peers says, unless that was installed last. Nobody but this benchmark needs them,
 * so they are no dependencies of the product. Gives the reason where it did not work.
 */
export async function installPeers(folder) {
  const stamp = join(folder, 'node_modules', '.install-stamp');
  const wanted = `${process.platform}-${process.arch}\n${readFileSync(join(folder, 'package-lock.json'), 'utf8')}`;
  if (readIfThere(stamp) === wanted) return undefined;
  process.stderr.write('Installing the peers (once) …\n');
  // The folder is named, too: inside `npm run` npm would otherwise take the project that it runs for.
  const args = ['ci', '--prefix', folder, '--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error'];
  const result = spawnSync('npm', args, {
    cwd: folder,
    stdio: ['ignore', process.stderr.fd, process.stderr.fd],
    shell: process.platform === 'win32',
  });
  if (result.status !== 0) return 'the packages could not be installed (npm ci in bench/peers)';
  writeFileSync(stamp, wanted);
  return undefined;
}

function readIfThere(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
