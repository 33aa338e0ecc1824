import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, chown, mkdir, open, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';
import pg from 'pg';
import { AppError } from '../../kernel/app-error.js';
import { readOrCreateSecret } from '../../config/instance-secret.js';
import { isAlive, withFileLock } from './file-lock.js';
import { findPostgresBinaries, type PostgresBinaries } from './postgres-binaries.js';
import { clusterFolder, isRoot, NOBODY } from './unprivileged.js';

const DATABASE = 'countersign';
const USER = 'countersign';
const START_TIMEOUT_MS = 30_000;

/**
 * A real Postgres 18 as a child process under the data directory: fsync on, loopback only, password required.
 *
 * It runs in a process group of its own, so that Ctrl-C reaches us first and we stop it last. One that a killed
 * process left behind is used again. The last process to leave stops it.
 */
export class EmbeddedPostgres {
  private constructor(
    readonly url: string,
    private readonly folder: string,
  ) {}

  /** Starts the cluster of a data directory, or joins the one that runs there. */
  static async start(dataDir: string): Promise<EmbeddedPostgres> {
    await mkdir(dataDir, { recursive: true });
    const folder = await clusterFolder(dataDir);
    await mkdir(dirname(folder), { recursive: true, mode: 0o755 });
    const password = readOrCreateSecret(join(dataDir, 'keys', 'postgres.password'), () =>
      randomBytes(24).toString('base64url'),
    ).value;
    return withFileLock(`${folder}.lock`, async () => {
      const port = (await runningPort(folder)) ?? (await launch(folder, password));
      const url = `postgres://${USER}:${password}@127.0.0.1:${port}/${DATABASE}`;
      await untilReady(url, folder);
      return new EmbeddedPostgres(url, folder);
    });
  }

  /** Stops the cluster unless another process still works with it. */
  async stop(): Promise<void> {
    await withFileLock(`${this.folder}.lock`, async () => {
      if ((await this.otherClients()) > 0) return;
      const pid = await postmasterPid(this.folder);
      if (pid === undefined) return;
      // SIGINT is Postgres's fast shutdown: it ends connections and writes a checkpoint.
      process.kill(pid, 'SIGINT');
      while (isAlive(pid)) await wait(20);
    });
  }

  private async otherClients(): Promise<number> {
    const client = new pg.Client({ connectionString: this.url });
    client.on('error', () => undefined);
    try {
      await client.connect();
      const { rows } = await client.query<{ count: string }>(
        `select count(*) from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()`,
      );
      return Number(rows[0]?.count ?? 0);
    } catch {
      return 0;
    } finally {
      await client.end().catch(() => undefined);
    }
  }
}

async function launch(folder: string, password: string): Promise<number> {
  const binaries = await findPostgresBinaries();
  if (!existsSync(join(folder, 'PG_VERSION'))) await initialise(binaries, folder, password);
  const port = await freePort();
  const log = await open(join(folder, 'server.log'), 'a', 0o600);
  if (isRoot()) await chown(join(folder, 'server.log'), NOBODY, NOBODY);
  const child = spawn(
    binaries.postgres,
    ['-D', folder, '-p', String(port), '-c', 'listen_addresses=127.0.0.1', '-c', 'unix_socket_directories='],
    { ...asDatabaseUser(), detached: true, stdio: ['ignore', log.fd, log.fd] },
  );
  child.unref();
  await started(child);
  await log.close();
  return port;
}

async function initialise(binaries: PostgresBinaries, folder: string, password: string): Promise<void> {
  // What an interrupted initdb left cannot be used and holds nothing.
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const passwordFile = `${folder}.password`;
  await writeFile(passwordFile, password, { mode: 0o600 });
  if (isRoot()) {
    await chown(folder, NOBODY, NOBODY);
    await chown(passwordFile, NOBODY, NOBODY);
  }
  try {
    await promisify(execFile)(
      binaries.initdb,
      // --no-sync only skips flushing the empty cluster; the server itself runs with fsync on.
      ['-D', folder, '-U', USER, '-E', 'UTF8', '--locale=C.UTF-8', '--locale-provider=builtin', '--no-sync']
        .concat(['-A', 'scram-sha-256', `--pwfile=${passwordFile}`]),
      { ...asDatabaseUser(), env: { PATH: '/usr/bin:/bin', LC_ALL: 'C' } },
    );
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw new AppError('DATABASE_UNAVAILABLE', {
      detail: `The embedded Postgres could not be set up: ${lastLine((error as { stderr?: string }).stderr)}`,
      cause: error,
    });
  } finally {
    await rm(passwordFile, { force: true });
  }
  await chmod(folder, 0o700);
}

function asDatabaseUser(): { uid?: number; gid?: number; cwd: string } {
  return isRoot() ? { uid: NOBODY, gid: NOBODY, cwd: '/' } : { cwd: '/' };
}

async function started(child: ChildProcess): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', reject);
  });
}

/** The port of a postmaster that runs on this folder, from the fourth line of postmaster.pid. */
async function runningPort(folder: string): Promise<number | undefined> {
  const pid = await postmasterPid(folder);
  if (pid === undefined) return undefined;
  const lines = (await readFile(join(folder, 'postmaster.pid'), 'utf8')).split('\n');
  const port = Number(lines[3]);
  return port > 0 ? port : undefined;
}

async function postmasterPid(folder: string): Promise<number | undefined> {
  const text = await readFile(join(folder, 'postmaster.pid'), 'utf8').catch(() => '');
  const pid = Number(text.split('\n', 1)[0]);
  if (!(pid > 0) || !isAlive(pid)) return undefined;
  // After a reboot the id may belong to another program; Postgres itself then ignores the file.
  const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => 'postgres');
  return command.includes('postgres') ? pid : undefined;
}

async function untilReady(url: string, folder: string): Promise<void> {
  const maintenance = new URL(url);
  maintenance.pathname = '/postgres';
  const deadline = Date.now() + START_TIMEOUT_MS;
  for (;;) {
    const client = new pg.Client({ connectionString: maintenance.href });
    client.on('error', () => undefined);
    try {
      await client.connect();
      const { rowCount } = await client.query('select from pg_database where datname = $1', [DATABASE]);
      if (rowCount === 0) await client.query(`create database ${DATABASE}`);
      return;
    } catch (error) {
      if (Date.now() > deadline) {
        const log = await readFile(join(folder, 'server.log'), 'utf8').catch(() => '');
        throw new AppError('DATABASE_UNAVAILABLE', {
          detail: `The embedded Postgres did not start: ${lastLine(log)}`,
          cause: error,
        });
      }
    } finally {
      await client.end().catch(() => undefined);
    }
    await wait(25);
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function lastLine(text: string | undefined): string {
  return (text ?? '').trim().split('\n').at(-1) ?? '';
}
