import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Manifest, nameOf } from './manifest.js';
import { REPOSITORY } from './render.js';

/**
 * Unknown and misspelt fields: every object is written down as a typed TypeScript literal and compiled, because
 * the compiler's excess-property check sees what the schema validators let through.
 *
 * @returns one finding per fault, each beginning with `Kind/name: `.
 */
export async function findUnknownFields(manifests: readonly Manifest[]): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-manifests-'));
  try {
    symlinkSync(join(REPOSITORY, 'node_modules'), join(folder, 'node_modules'), 'junction');
    mkdirSync(join(folder, 'objects'));
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(TSCONFIG));
    for (const [index, manifest] of manifests.entries()) {
      writeFileSync(join(folder, 'objects', `${index}.ts`), typedLiteral(manifest));
    }
    return faultsIn(await compile(folder), manifests);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const TSCONFIG = {
  compilerOptions: {
    strict: true,
    noEmit: true,
    module: 'NodeNext',
    moduleResolution: 'NodeNext',
    target: 'ES2024',
    lib: ['ES2024'],
    skipLibCheck: true,
    types: [],
  },
  include: ['objects'],
};

function typedLiteral(manifest: Manifest): string {
  const { apiVersion, kind } = manifest;
  return [
    `import type { I${kind} } from 'kubernetes-models/${apiVersion}/${kind}';`,
    `export const object: I${kind} = ${JSON.stringify(manifest, null, 2)};`,
    '',
  ].join('\n');
}

/** What the compiler prints; it ends with 0 or 1 (or 2) and never prints faults elsewhere. */
function compile(folder: string): Promise<string> {
  const compiler = join(REPOSITORY, 'node_modules', 'typescript', 'bin', 'tsc');
  return new Promise((resolve, reject) => {
    execFile(
      process.execPath,
      [compiler, '-p', folder, '--pretty', 'false'],
      { cwd: folder },
      (error, stdout) => {
        if (error && stdout === '') reject(error);
        else resolve(stdout);
      },
    );
  });
}

function faultsIn(output: string, manifests: readonly Manifest[]): string[] {
  return output
    .split('\n')
    .filter((line) => line.includes('error TS'))
    .map((line) => {
      const index = /objects\/(\d+)\.ts/.exec(line)?.[1];
      const manifest = index === undefined ? undefined : manifests[Number(index)];
      return manifest ? `${nameOf(manifest)}: ${line.slice(line.indexOf('error TS'))}` : line;
    });
}
