import { randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import pg from 'pg';
import { ServerProcess } from '../dist/cli/server-process.js';
import { parseEvents } from '../dist/cli/server-events.js';
import { EmbeddedPostgres } from '../dist/database/embedded/embedded-postgres.js';

/**
 * Starts the product, prints the figures that `measure` finds with it, and stops it.
 *
 * @param environment settings beside those that every bench needs; with a `DATABASE_URL`, that database is used.
 */
export async function withProduct(measure, environment = {}) {
  const product = await startBenchProduct(environment);
  try {
    for (const [label, figure] of Object.entries(await measure(product))) {
      process.stdout.write(`${label.padEnd(44)} ${figure}\n`);
    }
  } finally {
    await product.stop();
  }
}

/** The built server in one process, all roles, over a real Postgres with fsync in a folder of its own. */
async function startBenchProduct(environment = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-bench-'));
  // The database user of a root session must get there.
  chmodSync(folder, 0o755);
  const url = environment.DATABASE_URL;
  const postgres = url ? { url, stop: () => undefined } : await EmbeddedPostgres.start(folder);
  const key = `cs_test_${randomBytes(24).toString('base64url')}`;
  const server = await ServerProcess.start({
    entry: resolve('dist/main.js'),
    environment: {
      PATH: process.env.PATH ?? '',
      // As `npm start` and the container have it.
      NODE_OPTIONS: '--max-semi-space-size=6',
      PORT: '0',
      DATABASE_URL: postgres.url,
      COUNTERSIGN_ENV: 'test',
      COUNTERSIGN_DATA_DIR: folder,
      COUNTERSIGN_API_KEY: key,
      COUNTERSIGN__VAULT__KEK: randomBytes(32).toString('base64'),
      // The line that tells the address is one of these.
      COUNTERSIGN_LOG_LEVEL: 'info',
      COUNTERSIGN__LOGGING__PRETTY: 'false',
      ...environment,
    },
    startTimeoutMs: 60_000,
    stopTimeoutMs: 30_000,
    signal: new AbortController().signal,
  });
  const database = new pg.Client({ connectionString: postgres.url });
  await database.connect();
  return {
    address: server.address,
    key,
    database,
    post: (path, body) => send(server.address, key, 'POST', path, body),
    put: (path, body) => send(server.address, key, 'PUT', path, body),
    get: (path) => send(server.address, key, 'GET', path),
    events: (path) => events(server.address, key, path),
    stop: async () => {
      await database.end();
      await server.stop();
      await postgres.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The input of a campaign to so many people. */
export function campaign(recipientCount) {
  return {
    brief: { goal: 'Invite our customers to renew their plan.', audience: 'Customers of this quarter' },
    sender: { name: 'Sales', email: 'sales@example.com' },
    recipients: Array.from({ length: recipientCount }, (_, index) => ({
      name: `Recipient ${index}`,
      email: `recipient.${index}@example.com`,
    })),
  };
}

/** A session that carries consent for everybody. */
export async function openSession(product) {
  const consents = [{ subject: '*', purpose: 'email-campaign', lawfulBasis: 'consent', granted: true }];
  return (await product.post('/v1/sessions', { consents })).id;
}

async function send(address, key, method, path, body) {
  const response = await fetch(new URL(path, address), {
    method,
    headers: {
      authorization: `Bearer ${key}`,
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${path}: ${response.status} ${text}`);
  return JSON.parse(text);
}

async function* events(address, key, path) {
  const response = await fetch(new URL(path, address), { headers: { authorization: `Bearer ${key}` } });
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  yield* parseEvents(response.body);
}
