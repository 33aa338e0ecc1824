import { randomBytes } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import pg from 'pg';
import { readOrCreateSecret } from '../../config/instance-secret.js';
import { AppError } from '../../kernel/app-error.js';
import { withFileLock } from './file-lock.js';
import { initialiseCluster } from './initialise-cluster.js';
import { findPostgresBinaries } from './postgres-binaries.js';
import { findPostmaster, launchPostmaster, type Postmaster, untilCollected } from './postmaster.js';
import { clusterFolder } from './unprivileged.js';

const DATABASE = 'countersign';
const USER = 'countersign';
const START_TIMEOUT_MS = 30_000;
const START_ATTEMPTS = 3;
/** How long connections of a process that has just closed them may still be listed. */
const LINGER_MS = 500;

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
    /** Shows others from the first moment on that somebody works here, even while the pool is empty. */
    private presence: pg.Client,
  ) {}

  /** Starts the cluster of a data directory, or joins the one that runs there. */
  static async start(dataDir: string): Promise<EmbeddedPostgres> {
    await mkdir(dataDir, { recursive: true });
    const password = readOrCreateSecret(join(dataDir, 'keys', 'postgres.password'), () =>
      randomBytes(24).toString('base64url'),
    ).value;
    const folder = await clusterFolder(dataDir, password);
    await mkdir(dirname(folder), { recursive: true, mode: 0o755 });
    return withFileLock(`${folder}.lock`, async () => {
      for (let attempt = 1; ; attempt++) {
        const postmaster = (await findPostmaster(folder)) ?? (await launch(folder, password));
        const url = `postgres://${USER}:${password}@127.0.0.1:${postmaster.port}/${DATABASE}`;
        if (await isReady(postmaster, url, folder)) {
          return new EmbeddedPostgres(url, folder, await connect(url));
        }
        // It was on its way out, or somebody else got its port.
        if (attempt === START_ATTEMPTS) throw await notStarted(folder);
      }
    });
  }

  /** Kills it without warning, as a power cut would. What was committed stays. */
  async kill(): Promise<void> {
    const postmaster = await findPostmaster(this.folder);
    if (!postmaster) return;
    process.kill(postmaster.pid, 'SIGKILL');
    while (!(await postmaster.hasEnded())) await wait(10);
  }

  /** Starts it again after {@link kill}, at the same address. */
  async restart(): Promise<void> {
    const password = decodeURIComponent(new URL(this.url).password);
    const port = Number(new URL(this.url).port);
    const deadline = Date.now() + START_TIMEOUT_MS;
    await withFileLock(`${this.folder}.lock`, async () => {
      // What is left of the killed one still holds its memory for a moment: the new one refuses to start till then.
      while (!(await isReady(await launch(this.folder, password, port), this.url, this.folder))) {
        if (Date.now() > deadline) throw await notStarted(this.folder);
        await wait(100);
      }
      await this.presence.end().catch(() => undefined);
      this.presence = await connect(this.url);
    });
  }

  /** Stops the cluster unless another process still works with it. */
  async stop(): Promise<void> {
    await withFileLock(`${this.folder}.lock`, async () => {
      await this.presence.end().catch(() => undefined);
      if (await isUsed(this.url)) return;
      const postmaster = await findPostmaster(this.folder);
      if (!postmaster) return;
      // SIGINT is Postgres's fast shutdown: it ends connections and writes a checkpoint.
      process.kill(postmaster.pid, 'SIGINT');
      while (!(await postmaster.hasEnded())) await wait(20);
    });
  }
}

async function launch(folder: string, password: string, port?: number): Promise<Postmaster> {
  const binaries = await findPostgresBinaries();
  await initialiseCluster(binaries, folder, USER, password);
  await untilCollected(folder);
  return launchPostmaster(binaries, folder, port);
}

/** Waits until our database answers; false when the postmaster has ended instead. */
async function isReady(postmaster: Postmaster, url: string, folder: string): Promise<boolean> {
  const maintenance = new URL(url);
  maintenance.pathname = '/postgres';
  const deadline = Date.now() + START_TIMEOUT_MS;
  for (;;) {
    let client: pg.Client | undefined;
    try {
      client = await connect(maintenance.href);
      const { rowCount } = await client.query('select from pg_database where datname = $1', [DATABASE]);
      if (rowCount === 0) await client.query(`create database ${DATABASE}`);
      return true;
    } catch (error) {
      if (await postmaster.hasEnded()) return false;
      if (Date.now() > deadline) throw await notStarted(folder, error);
    } finally {
      await client?.end().catch(() => undefined);
    }
    await wait(25);
  }
}

/** Whether anybody works with the cluster. Called under the lock and after our own connections are closed. */
async function isUsed(url: string): Promise<boolean> {
  let client: pg.Client | undefined;
  try {
    client = await connect(url);
    const deadline = Date.now() + LINGER_MS;
    for (;;) {
      const { rows } = await client.query<{ count: string }>(
        `select count(*) from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()`,
      );
      const others = Number(rows[0]?.count ?? 0);
      if (others === 0 || Date.now() > deadline) return others > 0;
      await wait(25);
    }
  } catch (error) {
    // A server that answers with a refusal of its own, such as too many connections, has users.
    return error instanceof pg.DatabaseError && error.code !== CANNOT_CONNECT_NOW;
  } finally {
    await client?.end().catch(() => undefined);
  }
}

/** SQLSTATE of a server that starts up or shuts down. */
const CANNOT_CONNECT_NOW = '57P03';

async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url, application_name: 'countersign' });
  // A lost connection shows where it is used; unheard, it would end the process.
  client.on('error', () => undefined);
  try {
    await client.connect();
  } catch (error) {
    await client.end().catch(() => undefined);
    throw error;
  }
  return client;
}

async function notStarted(folder: string, cause?: unknown): Promise<AppError> {
  const log = await readFile(join(folder, 'server.log'), 'utf8').catch(() => '');
  return new AppError('DATABASE_UNAVAILABLE', {
    detail: `The embedded Postgres did not start: ${log.trim().split('\n').at(-1) ?? ''}`,
    cause,
  });
}
