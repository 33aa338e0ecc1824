// Runs a task of the project on any Node ≥ 16 that happens to be there: installs what the lockfile says when it is
// not installed yet, chooses the pinned Node, builds when a source is newer than the build, and hands over.
// Plain JavaScript without dependencies, because it runs before there are any.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  openSync,
  closeSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { delimiter, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const BIN = join(ROOT, 'node_modules', '.bin');
const INSTALL_STAMP = join(ROOT, 'node_modules', '.install-stamp');
const INSTALL_LOCK = join(ROOT, '.install-lock');
const BUILD_LOCK = join(ROOT, '.build-lock');
const BUILD_STAMP = join(ROOT, 'dist', '.build-stamp');
const LEAST_NODE = [22, 12];
const PARENT_CHECK_MS = 1_000;

/** Each task: whether it needs the build, and the commands it runs one after the other. */
const TASKS = {
  // A small young generation: rows that stream through would otherwise take a hundred MiB before they are collected.
  start: {
    build: true,
    steps: () => [['--enable-source-maps', '--max-semi-space-size=6', 'dist/main.js']],
  },
  demo: { build: true, steps: () => [['dist/cli/countersign.js', 'demo']] },
  cli: { build: true, steps: () => [['dist/cli/countersign.js']] },
  bench: { build: true, steps: () => [['bench/run.mjs']] },
  build: { build: true, steps: () => [] },
  docs: { build: true, steps: () => [['scripts/publish-docs.mjs']] },
  test: { build: true, steps: () => [[bin('vitest'), 'run', '--coverage']] },
  format: { build: false, steps: () => [[bin('prettier'), '--write', '.']] },
  check: {
    build: true,
    // Where all tests run anyway, `--static` leaves the unit tests to them.
    steps: (args) =>
      args.includes('--static') ? staticChecks() : [...staticChecks(), [bin('vitest'), 'run', 'src']],
  },
};

function staticChecks() {
  return [
    [bin('prettier'), '--check', '--log-level=warn', '.'],
    [bin('tsc'), '-p', 'test/tsconfig.json', '--noEmit'],
    [bin('oxlint'), '--type-aware', '--deny-warnings'],
    [bin('depcruise'), '--config', '.dependency-cruiser.cjs', 'src'],
    [bin('knip')],
  ];
}

await main();

async function main() {
  const [name, ...args] = process.argv.slice(2);
  const task = TASKS[name];
  if (!task) fail(`There is no task "${name}". Tasks: ${Object.keys(TASKS).join(', ')}`);
  await install();
  const node = chooseNode();
  if (task.build) await build(node);
  const steps = task.steps(args);
  const handedOn = args.filter((arg) => arg !== '--static');
  for (const [index, step] of steps.entries()) {
    const last = index === steps.length - 1;
    const code = await run(node, [...step, ...(last ? handedOn : [])]);
    if (code !== 0) process.exit(code);
  }
}

/** Installs when the lockfile is not what was installed last. */
async function install() {
  const wanted = installHash();
  if (readIfThere(INSTALL_STAMP) === wanted) return;
  await withLock(INSTALL_LOCK, () => {
    if (readIfThere(INSTALL_STAMP) === wanted) return;
    process.stderr.write('Installing dependencies (once; about half a minute) …\n');
    const { command, before } = npm();
    const env = { ...process.env };
    // A production environment would leave out what building needs; npm's own settings must not leak in either.
    delete env.NODE_ENV;
    env.PATH = (env.PATH ?? '')
      .split(delimiter)
      .filter((folder) => !folder.includes(join('node_modules', '.bin')))
      .join(delimiter);
    const result = spawnSync(command, [...before, 'ci', '--no-audit', '--no-fund', '--loglevel=error'], {
      cwd: ROOT,
      env,
      stdio: ['ignore', process.stderr.fd, process.stderr.fd],
      shell: process.platform === 'win32' && before.length === 0,
    });
    if (result.status !== 0) fail('The dependencies could not be installed.');
    writeFileSync(INSTALL_STAMP, wanted);
  });
}

function installHash() {
  const hash = createHash('sha256').update(`${process.platform}-${process.arch}`);
  for (const file of ['package-lock.json', 'package.json', '.npmrc'])
    hash.update(readIfThere(join(ROOT, file)) ?? '');
  return hash.digest('hex');
}

/** npm as it called us; `npm ci` removes the pinned Node, so it must not run on it. */
function npm() {
  const { npm_execpath: script, npm_node_execpath: node } = process.env;
  if (script && /\.c?js$/.test(script) && existsSync(script)) {
    const usable = node && existsSync(node) && !node.startsWith(join(ROOT, 'node_modules'));
    return { command: usable ? node : process.execPath, before: [script] };
  }
  return { command: 'npm', before: [] };
}

/** The pinned Node where npm had one for this platform, else the one we run on if it is new enough. */
function chooseNode() {
  const pinned = join(BIN, process.platform === 'win32' ? 'node.exe' : 'node');
  if (existsSync(pinned) && spawnSync(pinned, ['--version']).status === 0) return pinned;
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > LEAST_NODE[0] || (major === LEAST_NODE[0] && minor >= LEAST_NODE[1])) return process.execPath;
  return fail(`Node ${LEAST_NODE.join('.')} or newer is needed; this is ${process.versions.node}.`);
}

/** Compiles when a source is newer than the last build. */
async function build(node) {
  if (isBuilt()) return;
  await withLock(BUILD_LOCK, async () => {
    if (isBuilt()) return;
    const started = new Date();
    process.stderr.write('Building …\n');
    for (const step of [[bin('nest'), 'build'], offlineVerifier()]) {
      if ((await run(node, step)) !== 0) fail('The build failed.');
    }
    // Dated before it began: a source saved meanwhile is newer.
    writeFileSync(BUILD_STAMP, started.toISOString());
  });
}

/** Makes one file of the offline verifier, to be handed to auditors as it is. */
function offlineVerifier() {
  const options = ['--format', 'esm', '--platform', 'node', '--log-level', 'warn'];
  return [bin('rolldown'), 'dist/verifier/main.js', '--file', 'dist/verify.mjs', ...options];
}

function isBuilt() {
  const stamp = readIfThere(BUILD_STAMP);
  if (!stamp) return false;
  const builtAt = Date.parse(stamp);
  return (
    newestChange(join(ROOT, 'src')) < builtAt &&
    ['tsconfig.json', 'nest-cli.json', 'package-lock.json'].every(
      (file) => statSync(join(ROOT, file)).mtimeMs < builtAt,
    )
  );
}

function newestChange(folder) {
  let newest = statSync(folder).mtimeMs;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.name.endsWith('.spec.ts')) continue;
    const path = join(folder, entry.name);
    newest = Math.max(newest, entry.isDirectory() ? newestChange(path) : statSync(path).mtimeMs);
  }
  return newest;
}

/** Runs a script to its end, passing signals on, and ends it when whoever called us has gone. */
function run(node, args) {
  const child = spawn(node, args, {
    cwd: ROOT,
    stdio: 'inherit',
    env: { ...process.env, PATH: `${BIN}${delimiter}${process.env.PATH ?? ''}` },
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  // npm does not pass SIGTERM through its shell: an orphan would go on for ever.
  const parent = process.ppid;
  const watch = setInterval(() => {
    if (process.ppid !== parent) child.kill('SIGTERM');
  }, PARENT_CHECK_MS);
  return new Promise((settle) => {
    child.once('error', (error) => fail(`Cannot start ${args[0]}: ${error.message}`));
    child.once('exit', (code, signal) => {
      clearInterval(watch);
      settle(code ?? (signal === 'SIGINT' ? 130 : 143));
    });
  });
}

/** The JavaScript file behind a command of a package: `.bin` holds shell scripts on Windows. */
function bin(command) {
  const packages = { nest: '@nestjs/cli', tsc: 'typescript', depcruise: 'dependency-cruiser' };
  const folder = join(ROOT, 'node_modules', packages[command] ?? command);
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  return join(folder, typeof manifest.bin === 'string' ? manifest.bin : manifest.bin[command]);
}

async function withLock(path, work) {
  for (;;) {
    try {
      const file = openSync(path, 'wx');
      writeSync(file, String(process.pid));
      closeSync(file);
      break;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
      const holder = Number(readIfThere(path));
      if (holder && !isAlive(holder)) rmSync(path, { force: true });
      await new Promise((settle) => setTimeout(settle, 200));
    }
  }
  try {
    await work();
  } finally {
    rmSync(path, { force: true });
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

function readIfThere(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

function fail(message) {
  process.stderr.write(`${message}\n`);
  rmSync(BUILD_LOCK, { force: true });
  process.exit(1);
}
