import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { copyFile, mkdir, mkdtemp, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

/** A project with the launcher in it, and scripts that write down what was done in place of the tools. */
let project: string;

beforeEach(async () => {
  project = await mkdtemp(join(tmpdir(), 'countersign-launcher-'));
  await mkdir(join(project, 'scripts'));
  await copyFile(resolve('scripts/run.mjs'), join(project, 'scripts', 'run.mjs'));
  for (const file of ['package.json', 'package-lock.json', '.npmrc', 'tsconfig.json', 'nest-cli.json']) {
    await write(file, '{}');
  }
  await write('src/main.ts', '');
  await write('npm.cjs', NPM);
  await write('bench/run.mjs', 'console.log(JSON.stringify(process.argv.slice(2))); process.exitCode = 7;');
});

afterEach(() => rm(project, { recursive: true, force: true }));

/** Does what `npm ci` does here: removes what is installed, and installs a builder and a bundler. */
const NPM = `
  const { appendFileSync, mkdirSync, rmSync, writeFileSync } = require('node:fs');
  appendFileSync('installs', JSON.stringify([process.argv.slice(2), process.env.NODE_ENV ?? null]) + '\\n');
  rmSync('node_modules', { recursive: true, force: true });
  mkdirSync('node_modules/@nestjs/cli', { recursive: true });
  writeFileSync('node_modules/@nestjs/cli/package.json', '{ "bin": { "nest": "nest.cjs" } }');
  writeFileSync('node_modules/@nestjs/cli/nest.cjs', \`
    const { appendFileSync, mkdirSync } = require('node:fs');
    mkdirSync('dist', { recursive: true });
    appendFileSync('builds', 'built\\\\n');
  \`);
  mkdirSync('node_modules/rolldown', { recursive: true });
  writeFileSync('node_modules/rolldown/package.json', '{ "bin": { "rolldown": "rolldown.cjs" } }');
  writeFileSync('node_modules/rolldown/rolldown.cjs', '');
`;

async function write(path: string, text: string): Promise<void> {
  await mkdir(dirname(join(project, path)), { recursive: true });
  await writeFile(join(project, path), text);
}

/** How many lines a file of the project has; none when it is not there. */
async function linesOf(path: string): Promise<string[]> {
  const text = await readFile(join(project, path), 'utf8').catch(() => '');
  return text.split('\n').filter(Boolean);
}

async function timesDone(): Promise<{ installs: number; builds: number }> {
  return { installs: (await linesOf('installs')).length, builds: (await linesOf('builds')).length };
}

function start(...args: string[]): ChildProcess {
  return spawn(process.execPath, ['scripts/run.mjs', ...args], {
    cwd: project,
    env: { PATH: process.env['PATH'], NODE_ENV: 'production', npm_execpath: join(project, 'npm.cjs') },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

async function launch(...args: string[]): Promise<{ code: number | null; out: string; err: string }> {
  const child = start(...args);
  let [out, err] = ['', ''];
  child.stdout?.on('data', (chunk: Buffer) => (out += chunk.toString()));
  child.stderr?.on('data', (chunk: Buffer) => (err += chunk.toString()));
  await once(child, 'close');
  return { code: child.exitCode, out, err };
}

describe('the launcher', () => {
  it('knows its tasks and installs nothing for any other', async () => {
    const { code, err } = await launch('deploy');
    expect(code).toBe(1);
    expect(err).toContain('There is no task "deploy". Tasks: start, demo,');
    expect(await linesOf('installs')).toEqual([]);
  });

  it('installs what the lockfile says, builds, and hands over arguments and exit code', async () => {
    const { code, out } = await launch('bench', 'engine', '--runs', '5');
    expect(JSON.parse(out)).toEqual(['engine', '--runs', '5']);
    expect(code).toBe(7);
    // Without NODE_ENV: what building needs would be left out otherwise.
    expect(await linesOf('installs')).toEqual([
      JSON.stringify([['ci', '--no-audit', '--no-fund', '--loglevel=error'], null]),
    ]);
    expect(await linesOf('builds')).toHaveLength(1);
  });

  it('installs and builds once, and again when the lockfile or a source has changed', async () => {
    await launch('bench');
    await launch('bench');
    expect(await timesDone()).toEqual({ installs: 1, builds: 1 });

    const later = new Date(Date.now() + 60_000);
    await utimes(join(project, 'src', 'main.ts'), later, later);
    await launch('bench');
    expect(await timesDone()).toEqual({ installs: 1, builds: 2 });

    await write('package-lock.json', '{ "changed": true }');
    await launch('bench');
    expect(await linesOf('installs')).toHaveLength(2);
  });

  it('does not build again for a changed test', async () => {
    await launch('bench');
    const later = new Date(Date.now() + 60_000);
    const folder = join(project, 'src');
    const { mtime } = await stat(folder);
    await write('src/main.spec.ts', '');
    await utimes(join(folder, 'main.spec.ts'), later, later);
    await utimes(folder, mtime, mtime);
    await launch('bench');
    expect(await linesOf('builds')).toHaveLength(1);
  });

  it('started twice at once installs and builds once', async () => {
    const [one, other] = await Promise.all([launch('bench'), launch('bench')]);
    expect([one.code, other.code]).toEqual([7, 7]);
    expect(await linesOf('installs')).toHaveLength(1);
    expect(await linesOf('builds')).toHaveLength(1);
  });

  it('takes over the lock of an installation that was killed', async () => {
    const dead = spawn(process.execPath, ['-e', ''], { stdio: 'ignore' });
    await once(dead, 'exit');
    await write('.install-lock', String(dead.pid));
    expect((await launch('bench')).code).toBe(7);
  });

  it('does not go on when the installation fails', async () => {
    await write('npm.cjs', 'process.exit(3);');
    const { code, err } = await launch('bench');
    expect(code).toBe(1);
    expect(err).toContain('The dependencies could not be installed.');
    expect(await linesOf('builds')).toEqual([]);
  });

  it.each(['SIGTERM', 'SIGINT'] as const)('passes %s on and waits for the end', async (signal) => {
    await write(
      'bench/run.mjs',
      `for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => { console.log(signal); process.exit(0); });
       setInterval(() => {}, 1_000);
       console.log('ready');`,
    );
    const child = start('bench');
    let out = '';
    for await (const chunk of child.stdout ?? []) {
      out += String(chunk);
      if (out.trim() === 'ready') child.kill(signal);
    }
    if (child.exitCode === null) await once(child, 'exit');
    expect(out.trim().split('\n')).toEqual(['ready', signal]);
    expect(child.exitCode).toBe(0);
  });

  it('keeps the stamp of what is installed, so that another lockfile is seen', async () => {
    await launch('bench');
    const hash = createHash('sha256').update(`${process.platform}-${process.arch}`);
    for (const file of ['package-lock.json', 'package.json', '.npmrc'])
      hash.update(await readFile(join(project, file)));
    expect(await linesOf('node_modules/.install-stamp')).toEqual([hash.digest('hex')]);
  });
});
