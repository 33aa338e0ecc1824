// Three months of a busy tenant: how fast lists are, what running work loses to the history and to its removal.
import { setTimeout as wait } from 'node:timers/promises';
import { campaign, startBenchProduct, withProduct } from './bench-product.mjs';
import { drive } from './campaign.bench.mjs';
import { fillHistory } from './history-fill.mjs';

export const options = {
  history: { type: 'string', default: '1000000' },
  tenants: { type: 'string', default: '1' },
  runs: { type: 'string', default: '100' },
  'in-flight': { type: 'string', default: '20' },
  rounds: { type: 'string', default: '5' },
  requests: { type: 'string', default: '40' },
};

/** Nothing is due until a policy says so; then it is found soon. */
const ENVIRONMENT = {
  COUNTERSIGN__RETENTION__FINISHED_RUNS_DAYS: '0',
  COUNTERSIGN__RETENTION__INTERVAL_MINUTES: '0.05',
};

const INPUT = campaign(3);

export function main(values) {
  return withProduct((product) => measure(product, values), ENVIRONMENT);
}

/** The measured product has the history; a second one beside it, with empty tables, is what it is compared with. */
async function measure(product, values) {
  const [history, rounds] = [Number(values.history), Number(values.rounds)];
  const load = { runs: Number(values.runs), inFlight: Number(values['in-flight']) };
  const filledFrom = performance.now();
  await fillHistory(product.database, { runs: history, tenants: Number(values.tenants) });
  const filled = ((performance.now() - filledFrom) / 1_000).toFixed(0);
  const lists = await listTimes(product, Number(values.requests));
  const empty = await startBenchProduct(ENVIRONMENT);
  try {
    const speeds = await interleaved([product, empty], load, rounds);
    const ratio = (100 * median(speeds[0])) / median(speeds[1]);
    const updates = await heapOnlyShare(product.database);
    const purge = await whilePurging(product, load, rounds);
    return {
      history: `${history} ended runs of ${values.tenants} tenants, filled in ${filled} s`,
      'runs/s with the history / with empty tables': `${median(speeds[0]).toFixed(1)} / ${median(speeds[1]).toFixed(1)} (${ratio.toFixed(0)} %)`,
      'heap-only share of updates of runs': updates,
      ...lists,
      ...purge,
    };
  } finally {
    await empty.stop();
  }
}

/** Runs a second of each product, round by round, so that both meet the same moods of the machine. */
async function interleaved(products, load, rounds) {
  const speeds = products.map(() => []);
  for (const product of products) await speed(product, load);
  for (let round = 0; round < rounds; round++) {
    for (const [index, product] of products.entries()) speeds[index].push(await speed(product, load));
  }
  return speeds;
}

async function speed(product, { runs, inFlight }) {
  const startedAt = performance.now();
  let left = runs;
  const driveSome = async () => {
    while (left-- > 0) await drive(product, INPUT);
  };
  await Promise.all(Array.from({ length: inFlight }, driveSome));
  return (1_000 * runs) / (performance.now() - startedAt);
}

async function heapOnlyShare(database) {
  const { rows } = await database.query(
    `select n_tup_hot_upd as hot, n_tup_upd as updates from pg_stat_user_tables where relname = 'workflow_run'`,
  );
  return `${((100 * Number(rows[0].hot)) / Number(rows[0].updates)).toFixed(0)} % of ${rows[0].updates}`;
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
    `createdAfter=${ago(80)}&createdBefore=${ago(79)}`,
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
    times[`list ${query.replaceAll(/T[\d:.]+Z/g, '') || 'of all'}, P50 / max ms`] =
      `${median(taken).toFixed(1)} / ${Math.max(...taken).toFixed(1)}`;
  }
  return times;
}

/** A ninth of the history becomes due. */
async function whilePurging(product, load, rounds) {
  const before = await stored(product.database);
  const startedAt = performance.now();
  await product.put('/v1/retention-policies/*', { retentionDays: 80 });
  while ((await stored(product.database)) === before) await wait(200);
  const speeds = [];
  for (let round = 0; round < rounds; round++) speeds.push(await speed(product, load));
  const removed = before + load.runs * rounds - (await stored(product.database));
  const seconds = (performance.now() - startedAt) / 1_000;
  return {
    'runs/s while old runs are removed': median(speeds).toFixed(1),
    'runs removed a second meanwhile': (removed / seconds).toFixed(0),
  };
}

async function stored(database) {
  const { rows } = await database.query('select count(*)::int as count from workflow_run');
  return rows[0].count;
}

function median(numbers) {
  const sorted = numbers.toSorted((left, right) => left - right);
  return sorted[Math.floor(sorted.length / 2)];
}

function ago(days) {
  return new Date(Date.now() - days * 86_400_000).toISOString();
}
