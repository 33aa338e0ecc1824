import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, it } from 'vitest';

const FILES = globSync('bench/**/*.mjs', { exclude: (path) => path.includes('node_modules') });

/** Files that a benchmark takes from the build, as the sources they are built from. */
function sourcesOf(file: string): string[] {
  const paths = [...readFileSync(file, 'utf8').matchAll(/from '(\.[^']*\/dist\/[^']+)\.js'/g)];
  return paths.map(([, path]) => normalize(join(dirname(file), `${path}.ts`)).replace(/^dist\//, 'src/'));
}

describe('the benchmarks', () => {
  it.each(FILES.filter((file) => sourcesOf(file).length > 0))('%s takes only what the build has', (file) => {
    expect(sourcesOf(file).filter((source) => !existsSync(source))).toEqual([]);
  });
});
