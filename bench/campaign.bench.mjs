// Whole campaigns, submitted by REST and approved at once: how many a second, how long one takes, what one costs.
import { setTimeout as wait } from 'node:timers/promises';
import { campaign, openSession, withProduct } from './bench-product.mjs';

export const options = {
  runs: { type: 'string', default: '50' },
  recipients: { type: 'string', default: '3' },
  lone: { type: 'string', default: '20' },
};

/** Postgres publishes the counters of a connection at the latest this long after its last transaction. */
const STATISTICS_DELAY_MS = 11_000;

export function main(values) {
  return withProduct((product) => measure(product, values));
}

async function measure(product, values) {
  const runs = Number(values.runs);
  const input = campaign(Number(values.recipients));
  await drive(product, input);

  const alone = [];
  for (let index = 0; index < Number(values.lone); index++) alone.push(await drive(product, input));

  await wait(STATISTICS_DELAY_MS);
  const before = await counters(product.database);
  const startedAt = performance.now();
  const together = await Promise.all(Array.from({ length: runs }, () => drive(product, input)));
  const seconds = (performance.now() - startedAt) / 1_000;
  const after = await counters(product.database);
  await wait(STATISTICS_DELAY_MS);
  const published = await counters(product.database);

  return {
    runs: `${runs} campaigns to ${values.recipients} people each`,
    'runs/s, all submitted at once': (runs / seconds).toFixed(1),
    'one of them, P50 / P95 ms': spread(together),
    'lone run, submit to done, P50 / P95 ms': spread(alone),
    'writing transactions per run': ((after.written - before.written) / runs).toFixed(1),
    'commits per run, reads and upkeep included': ((published.committed - before.committed) / runs).toFixed(
      1,
    ),
    'audit events per run': ((after.audited - before.audited) / runs).toFixed(1),
  };
}

/** One run from submission to its end; how long it took. */
export async function drive(product, input) {
  const sessionId = await openSession(product);
  const startedAt = performance.now();
  const { id } = await product.post('/v1/workflows', {
    definition: 'email-campaign',
    sessionId,
    input,
  });
  for await (const { event } of product.events(`/v1/workflows/${id}/events`)) {
    if (event === 'approval.requested') {
      await product.post(`/v1/workflows/${id}/approvals`, { decision: 'approve' });
    }
    if (event === 'workflow.completed') return performance.now() - startedAt;
    if (/^workflow\.(failed|rejected|cancelled)$/.test(event)) break;
  }
  throw new Error(`run ${id} did not complete`);
}

/** Transactions that wrote, transactions at all, and events recorded about runs, since the database exists. */
async function counters(database) {
  const { rows } = await database.query(`
    select pg_snapshot_xmax(pg_current_snapshot())::text::bigint as written,
           (select xact_commit from pg_stat_database where datname = current_database()) as committed,
           (select count(*) from audit_event where run_id is not null) as audited`);
  return Object.fromEntries(Object.entries(rows[0]).map(([name, value]) => [name, Number(value)]));
}

function spread(milliseconds) {
  const sorted = milliseconds.toSorted((left, right) => left - right);
  const at = (share) => sorted[Math.ceil(share * sorted.length) - 1].toFixed(0);
  return `${at(0.5)} / ${at(0.95)}`;
}
