import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

/** A JSON file of the shared test data, which lies beside the checkout or above it; undefined where it is not there. */
export function sharedJson<T>(name: string): T | undefined {
  for (let folder = resolve('.'); ; folder = dirname(folder)) {
    const path = join(folder, 'shared/data', name);
    if (existsSync(path)) return JSON.parse(readFileSync(path, 'utf8')) as T;
    if (folder === dirname(folder)) return undefined;
  }
}
