// Eighty days of a busy tenant: how fast lists are, what running work loses to the history and to its removal.
import { setTimeout as wait } from 'node:timers/promises';
import pg from 'pg';
import { DEFAULT_TENANT_ID } from '../dist/auth/default-tenant.js';
import { migrateToLatest } from '../dist/database/migrate.js';
import { openPostgres } from '../dist/database/postgres.js';
import { campaign, withProduct } from './bench-product.mjs';
import { drive } from './campaign.bench.mjs';
import { startCluster } from './engine/cluster.mjs';
import { measureSystem } from './engine/measure.mjs';
import { systemsFor } from './engine/systems.mjs';
import { fillHistory } from './history-fill.mjs';

export const options = {
  /** Ended runs in the tables. */
  history: { type: 'string', default: '1000000' },
  /** Tenants that they belong to. */
  tenants: { type: 'string', default: '1' },
  /** Six-phase runs that each round drives, as the engine bench does. */
  runs: { type: 'string', default: '1000' },
  rounds: { type: 'string', default: '3' },
  /** Requests for each list. */
  requests: { type: 'string', default: '40' },
};

export async function main(values) {
  const [runs, rounds] = [Number(values.runs), Number(values.rounds)];
  const cluster = await startCluster();
  try {
    const filled = await filledDatabase(cluster, Number(values.history), Number(values.tenants));
    await compare(cluster, filled, runs, rounds);
    await withProduct(
      async (product) => ({
        ...(await listTimes(product, Number(values.requests))),
        ...(await whilePurging(product)),
      }),
      { ...RETENTION, DATABASE_URL: filled.url },
    );
  } finally {
    await cluster.stop();
  }
}

/** Nothing is due until a policy says so; then it is found soon. */
const RETENTION = {
  COUNTERSIGN__RETENTION__FINISHED_RUNS_DAYS: '0',
  COUNTERSIGN__RETENTION__INTERVAL_MINUTES: '0.05',
};

async function filledDatabase(cluster, runs, tenants) {
  const created = await cluster.createDatabase();
  const { db } = openPostgres({
    url: created.url,
    poolSize: 2,
    statementTimeoutMs: 600_000,
    connectTimeoutMs: 10_000,
    onPoolError: () => undefined,
  });
  await migrateToLatest(db);
  await db.destroy();
  const database = new pg.Client({ connectionString: created.url });
  await database.connect();
  await database.query(`insert into tenant (id, name) values ($1, 'default')`, [DEFAULT_TENANT_ID]);
  const startedAt = performance.now();
  await fillHistory(database, { runs, tenants });
  await database.end();
  tell(`${runs} ended runs of ${tenants} tenants`, `filled in ${since(startedAt).toFixed(0)} s`);
  return created;
}

/** Round by round over empty tables and over a copy of the filled ones, so that both meet the same moods of the machine. */
async function compare(cluster, filled, runs, rounds) {
  const [system] = (await systemsFor({ only: 'countersign', workers: '1' })).systems;
  const plan = { runs, lone: 10, inFlight: 200, warmUpSeconds: 2, starts: { rate: 50, seconds: 1 } };
  const full = { ...cluster, createDatabase: () => cluster.createDatabase(filled.name) };
  const measured = { empty: [], full: [] };
  const signal = new AbortController().signal;
  for (let round = 1; round <= rounds; round++) {
    measured.empty.push(await measureSystem(system, cluster, plan, signal));
    measured.full.push(await measureSystem(system, full, plan, signal));
    const [empty, withHistory] = [measured.empty.at(-1), measured.full.at(-1)];
    tell(
      `round ${round}, runs/s with the history / with empty tables`,
      `${withHistory.runsPerSecond.toFixed(0)} / ${empty.runsPerSecond.toFixed(0)}`,
    );
  }
  const figure = (kind, key) => median(measured[kind].map(key));
  for (const [label, key] of [
    ['runs/s', (round) => round.runsPerSecond],
    ['CPU ms of the database per run', (round) => round.cpuMsPerRun.store],
    ['write-ahead log per run, KB', (round) => round.walKbPerRun],
  ]) {
    const [withHistory, empty] = [figure('full', key), figure('empty', key)];
    const share = ((100 * withHistory) / empty).toFixed(0);
    tell(
      `${String(label)} with / without the history`,
      `${withHistory.toFixed(1)} / ${empty.toFixed(1)} (${share} %)`,
    );
  }
}

async function listTimes(product, requests) {
  const session = '00000000-0000-7000-a000-000000000064';
  const lists = [
    '',
    'status=COMPLETED',
    'status=FAILED',
    'status=FAILED,CANCELLED&order=asc',
    'status=QUEUED,RUNNING,WAITING_FOR_APPROVAL',
    'phase=GENERATION',
    'definition=email-campaign',
    'definition=rare&status=FAILED',
    'definition=email-campaign&version=9',
    'ownerId=owner-7&status=FAILED',
    `sessionId=${session}`,
    'degraded=true',
    'attribute.customer=c-77',
    'attribute.region=r-1&attribute.batch=b-5',
    'attribute.region=r-1&status=FAILED',
    `createdAfter=${ago(70)}&createdBefore=${ago(69)}`,
    `updatedAfter=${ago(0.05)}`,
    `completedBefore=${ago(60)}`,
    `completedAfter=${ago(30)}&order=asc`,
  ];
  const times = {};
  for (const query of lists) {
    const taken = [];
    for (let index = 0; index < requests; index++) {
      const startedAt = performance.now();
      await product.get(`/v1/workflows?${query}`);
      taken.push(performance.now() - startedAt);
    }
    const label = `list ${query.replaceAll(/T[\d:.]+Z/g, '') || 'of all'}, P50 / max ms`;
    times[label] = `${median(taken).toFixed(1)} / ${Math.max(...taken).toFixed(1)}`;
  }
  return times;
}

const CAMPAIGNS = 60;
const CAMPAIGNS_AT_ONCE = 10;

/** A quarter of the history becomes due while campaigns run. */
async function whilePurging(product) {
  const alone = await campaignsPerSecond(product);
  const before = await removedRuns(product.database);
  await product.put('/v1/retention-policies/*', { retentionDays: 60 });
  while ((await removedRuns(product.database)) === before) await wait(200);
  const startedAt = performance.now();
  const from = await removedRuns(product.database);
  const meanwhile = await campaignsPerSecond(product);
  const removed = ((await removedRuns(product.database)) - from) / since(startedAt);
  return {
    'campaigns/s before / while runs are removed': `${alone.toFixed(1)} / ${meanwhile.toFixed(1)}`,
    'runs removed a second meanwhile': removed.toFixed(0),
  };
}

async function campaignsPerSecond(product) {
  const startedAt = performance.now();
  let left = CAMPAIGNS;
  const driveSome = async () => {
    while (left-- > 0) await drive(product, campaign(3));
  };
  await Promise.all(Array.from({ length: CAMPAIGNS_AT_ONCE }, driveSome));
  return CAMPAIGNS / since(startedAt);
}

async function removedRuns(database) {
  const { rows } = await database.query(
    `select coalesce(sum((convert_from(leaf, 'UTF8')::jsonb #>> '{detail,removed.workflow_run}')::int), 0)::int as runs
     from audit_event where type = 'retention.purged'`,
  );
  return rows[0].runs;
}

/** As soon as it is known: the whole takes its time. */
function tell(label, figure) {
  process.stdout.write(`${label.padEnd(44)} ${figure}\n`);
}

/** Seconds. */
function since(startedAt) {
  return (performance.now() - startedAt) / 1_000;
}

function median(numbers) {
  const sorted = numbers.toSorted((left, right) => left - right);
  return sorted[Math.floor(sorted.length / 2)];
}

function ago(days) {
  return new Date(Date.now() - days * 86_400_000).toISOString();
}
