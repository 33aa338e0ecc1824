import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const FOLDER = join('shared', 'data');

/**
 * A file of published test vectors, kept beside the checkout or beside one of its parents; undefined, with a notice, where
 * there is none: the vectors are not part of this repository.
 */
export function sharedVectors(file: string): unknown {
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    const path = join(folder, FOLDER, file);
    if (existsSync(path)) return JSON.parse(readFileSync(path, 'utf8')) as unknown;
    if (folder === dirname(folder)) break;
  }
  process.stderr.write(`no ${file}: published vectors are left out\n`);
  return undefined;
}
