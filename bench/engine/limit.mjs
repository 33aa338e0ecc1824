import pg from 'pg';
import { median } from './figures.mjs';
import { outputOf, runKey, STEPS } from './workload.mjs';

const RUNS_PER_STATEMENT = 64;
const STATEMENTS = 100;
const SINGLE_COMMITS = 100;

const TABLES = `
  create table bare_run (id bigint primary key, topic text not null, status text not null);
  create table bare_output (run_id bigint, step smallint, output jsonb not null, primary key (run_id, step))`;

/** All rows of a batch of runs in one statement: one row for each run, and one for each output. */
const WRITE = {
  name: 'write',
  text: `with run as (
           insert into bare_run select id, topic, 'COMPLETED' from unnest($1::bigint[], $2::text[]) as batch(id, topic))
         insert into bare_output select * from unnest($3::bigint[], $4::smallint[], $5::jsonb[])`,
};

/**
 * What the Postgres at hand takes of the bare rows of the workload, in batches and without anything around them: the
 * most that a system could reach that writes each row once. And how long one small transaction takes to be durable.
 */
export async function measureLimits(cluster) {
  return [await measureLimit(cluster, 1), await measureLimit(cluster, 8)];
}

async function measureLimit(cluster, connections) {
  const database = await cluster.createDatabase();
  const clients = [];
  try {
    for (let index = 0; index < connections; index++) clients.push(await connected(database.url));
    await clients[0].query(TABLES);
    const commitMs = await commitTimes(clients[0]);
    const batches = Array.from({ length: STATEMENTS }, (_, index) => batchFrom(index * RUNS_PER_STATEMENT));
    const startedAt = performance.now();
    await Promise.all(
      clients.map(async (client) => {
        for (let values = batches.pop(); values; values = batches.pop())
          await client.query({ ...WRITE, values });
      }),
    );
    const seconds = (performance.now() - startedAt) / 1_000;
    return {
      connections,
      commitMs: median(commitMs),
      runsPerSecond: (STATEMENTS * RUNS_PER_STATEMENT) / seconds,
    };
  } finally {
    for (const client of clients) await client.end();
    await database.drop();
  }
}

/** Made before the clock runs: the limit is the database's, not that of who writes. */
function batchFrom(first) {
  const ids = Array.from({ length: RUNS_PER_STATEMENT }, (_, index) => first + index);
  const outputs = ids.flatMap((id) =>
    STEPS.map((_, step) => ({ id, step, text: JSON.stringify(outputOf(runKey(id), step)) })),
  );
  return [
    ids,
    ids.map(runKey),
    outputs.map(({ id }) => id),
    outputs.map(({ step }) => step),
    outputs.map(({ text }) => text),
  ];
}

async function commitTimes(client) {
  const times = [];
  for (let id = -1; id >= -SINGLE_COMMITS; id--) {
    const startedAt = performance.now();
    await client.query(`insert into bare_run values ($1, 'one', 'COMPLETED')`, [id]);
    times.push(performance.now() - startedAt);
  }
  return times;
}

async function connected(url) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  return client;
}
