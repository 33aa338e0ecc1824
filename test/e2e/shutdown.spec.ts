import { execFile } from 'node:child_process';
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findPostmaster } from '../../src/database/embedded/postmaster.js';
import { clusterFolder } from '../../src/database/embedded/unprivileged.js';
import { campaignInReview, startCampaign, untilEnded } from '../harness/campaign.js';
import { createTestDatabase, type TestDatabase } from '../harness/database.js';
import { HttpClient } from '../harness/http-client.js';
import { ADMIN_KEY, productEnv } from '../harness/product.js';
import { ServerProcess } from '../harness/server-process.js';

const POLLING = { timeout: 30_000, interval: 5 };

let dataDir: string;
const servers: ServerProcess[] = [];

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'countersign-shutdown-'));
  // The database user of a root session must get there.
  await chmod(dataDir, 0o755);
});
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.end('SIGKILL')));
  await rm(dataDir, { recursive: true, force: true });
});

async function start(env: Record<string, string>): Promise<{ server: ServerProcess; client: HttpClient }> {
  const server = await ServerProcess.start(env);
  servers.push(server);
  return { server, client: new HttpClient(server.address, ADMIN_KEY) };
}

/** Where the cluster of a data directory lies. */
async function clusterOf(directory: string): Promise<string> {
  const password = await readFile(join(directory, 'keys', 'postgres.password'), 'utf8');
  return clusterFolder(directory, password.trim());
}

describe('a server that is asked to stop', () => {
  let database: TestDatabase;
  let env: Record<string, string>;

  beforeEach(async () => {
    database = await createTestDatabase();
    env = {
      ...productEnv(database.url, dataDir),
      COUNTERSIGN__WORKFLOW__FAN_OUT_BATCH: '1',
      COUNTERSIGN__DELIVERY__CONCURRENCY: '1',
    };
  });
  afterEach(async () => {
    // Before the database goes, so that no server of a failed test meets that.
    await Promise.all(servers.splice(0).map((server) => server.end('SIGKILL')));
    await database.close();
  });

  const statuses = async () =>
    (await database.query<{ status: string }>('select status from workflow_run order by id')).map(
      (row) => row.status,
    );

  it('stops in the middle of its runs without losing one: another process completes them', async () => {
    const { server, client } = await start(env);
    const inReview = await campaignInReview(client, { count: 60 });
    await client.post(`/v1/workflows/${inReview}/approvals`, { decision: 'approve' });
    const started = await Promise.all(Array.from({ length: 4 }, () => startCampaign(client, { count: 60 })));
    const runs = [inReview, ...started.map(({ body }) => body.id as string)];
    const generated = `select 1 from workflow_step where phase = 'GENERATION' and kind = 'step' and run_id <> $1`;
    await expect.poll(() => database.query(generated, [inReview]), POLLING).not.toEqual([]);
    const sent = `select 1 from delivery where status = 'sent'`;
    await expect.poll(() => database.query(sent), POLLING).not.toEqual([]);
    expect(await server.end('SIGTERM')).toBe(0);
    // It stopped in their middle indeed, and gave every job back instead of letting its lease run out.
    expect(await statuses()).toContain('RUNNING');
    expect(await database.query(`select name from pgboss.job where state = 'active'`)).toEqual([]);
    expect(await database.query(`select id from delivery where status = 'sending'`)).toEqual([]);

    const other = await start(env);
    expect(await untilEnded(other.client, inReview)).toMatchObject({
      status: 'COMPLETED',
      output: { sent: 60, failed: 0 },
    });
    for (const id of runs.slice(1)) {
      await other.client.until(`/v1/workflows/${id}`, ({ body }) => body.status === 'WAITING_FOR_APPROVAL');
    }
    const [{ repeated } = { repeated: -1 }] = await database.query<{ repeated: number }>(
      `select count(*)::int as repeated from workflow_step where attempt > 1`,
    );
    expect(repeated).toBe(0);
    expect((await other.client.post('/v1/audit/verify')).body).toMatchObject({ valid: true });
    expect(await other.server.end('SIGTERM')).toBe(0);
  });
});

describe('a server with its embedded Postgres', () => {
  const embedded = () => productEnv('', dataDir);
  const postmaster = async () => findPostmaster(await clusterOf(dataDir));

  afterEach(async () => {
    // What a failed test left; a clean one has left nothing.
    await Promise.all(servers.splice(0).map((server) => server.end('SIGTERM')));
    const left = await postmaster();
    if (left) process.kill(left.pid, 'SIGQUIT');
    while ((await left?.hasEnded()) === false) await new Promise(setImmediate);
    await rm(await clusterOf(dataDir), { recursive: true, force: true });
  });

  it('takes it with it when it is asked to stop', async () => {
    const { server } = await start(embedded());
    const running = await postmaster();
    expect(running).toBeDefined();
    expect(await server.end('SIGTERM')).toBe(0);
    expect(await running?.hasEnded()).toBe(true);
  });

  it('takes it with it when it cannot listen', async () => {
    const { server } = await start(embedded());
    const other = await mkdtemp(join(tmpdir(), 'countersign-shutdown-'));
    await chmod(other, 0o755);
    try {
      const port = new URL(server.address).port;
      const env = { ...embedded(), COUNTERSIGN_DATA_DIR: other, PORT: port };
      await expect(ServerProcess.start(env)).rejects.toThrow(/ended with 1:[^]*EADDRINUSE/);
      expect(await findPostmaster(await clusterOf(other))).toBeUndefined();
    } finally {
      await rm(await clusterOf(other), { recursive: true, force: true });
      await rm(other, { recursive: true, force: true });
    }
  });

  it('that was killed is followed by one that takes over the Postgres and all data', async () => {
    const killed = await start(embedded());
    const id = await campaignInReview(killed.client);
    const before = await postmaster();
    await killed.server.end('SIGKILL');
    const { server, client } = await start(embedded());
    expect((await postmaster())?.pid).toBe(before?.pid);
    await client.post(`/v1/workflows/${id}/approvals`, { decision: 'approve' });
    expect(await untilEnded(client, id)).toMatchObject({ status: 'COMPLETED', output: { sent: 3 } });
    expect((await client.post('/v1/audit/verify')).body).toMatchObject({ valid: true });
    expect(await server.end('SIGTERM')).toBe(0);
    expect(await before?.hasEnded()).toBe(true);
  });

  it('finds its data again when Postgres was killed as well', async () => {
    const killed = await start(embedded());
    const id = await campaignInReview(killed.client);
    const before = await postmaster();
    if (before) process.kill(before.pid, 'SIGKILL');
    await killed.server.end('SIGKILL');
    while (!(await before?.hasEnded())) await new Promise(setImmediate);
    const { client } = await start(embedded());
    expect((await client.get(`/v1/workflows/${id}`)).body).toMatchObject({ status: 'WAITING_FOR_APPROVAL' });
  });

  it('shares it with a second server that starts at the same moment; the last to leave stops it', async () => {
    const [one, other] = await Promise.all([start(embedded()), start(embedded())]);
    const shared = await postmaster();
    const id = await campaignInReview(one.client);
    expect((await other.client.get(`/v1/workflows/${id}`)).body).toMatchObject({ id });
    expect(await one.server.end('SIGTERM')).toBe(0);
    expect(await shared?.hasEnded()).toBe(false);
    await other.client.post(`/v1/workflows/${id}/approvals`, { decision: 'approve' });
    expect(await untilEnded(other.client, id)).toMatchObject({ status: 'COMPLETED' });
    expect(await other.server.end('SIGTERM')).toBe(0);
    expect(await shared?.hasEnded()).toBe(true);
  });

  it('refuses whoever does not know the password of the instance', async () => {
    await start(embedded());
    const client = new pg.Client({
      connectionString: `postgres://countersign:guess@127.0.0.1:${(await postmaster())?.port}/countersign`,
    });
    await expect(client.connect()).rejects.toMatchObject({ code: '28P01' });
  });
});

describe('a server with a configuration that cannot be used', () => {
  it('exits with 78 and tells every fault', async () => {
    const refused = promisify(execFile)(process.execPath, [resolve('dist/main.js')], {
      env: {
        PATH: process.env['PATH'] ?? '',
        COUNTERSIGN_ENV: 'production',
        COUNTERSIGN_DATA_DIR: dataDir,
        PORT: '70000',
        COUNTERSIGN__JOBS__HEARTBEAT_SECONDS: '3',
        COUNTERSIGN__LLM__PROVIDER: 'oracle',
      },
    });
    const fault = (await refused.catch((error: unknown) => error)) as { code: number; stderr: string };
    expect(fault.code).toBe(78);
    for (const key of ['server.port', 'jobs.heartbeat_seconds', 'llm.provider']) {
      expect(fault.stderr).toContain(`- ${key}: `);
    }
  });
});
