// pg-boss by its public API: a job a step, and a transaction a step that completes the job with the step's output and
// sends the next one. The approval sends the last job. Fetched are as many as there is room for, in one statement.
import { setTimeout as wait } from 'node:timers/promises';
import pg from 'pg';
import { PgBoss } from 'pg-boss';
import { outputOf, STEPS } from '../engine/workload.mjs';

const QUEUE = 'step';
const ROOM = 16;
/** Jobs that others send are found at the latest after this; our own wake the loop at once. */
const IDLE_MS = 500;

export async function open({ databaseUrl, waiting, done, fault }) {
  const pool = new pg.Pool({ connectionString: databaseUrl, max: ROOM });
  const boss = new PgBoss({ connectionString: databaseUrl, max: 4 });
  boss.on('error', fault);
  await boss.start();
  await boss.createQueue(QUEUE);
  let running = 0;
  let changed = Promise.withResolvers();

  /** There is a job more, or room for one. */
  function wake() {
    changed.resolve();
    changed = Promise.withResolvers();
  }

  async function loop() {
    for (;;) {
      // Taken before the fetch: a change during it may have come too late for it.
      const next = changed.promise;
      const free = ROOM - running;
      const jobs = free > 0 ? await boss.fetch(QUEUE, { batchSize: free }) : [];
      for (const job of jobs) void run(job).catch(fault);
      if (jobs.length === 0) await Promise.race([next, wait(IDLE_MS)]);
    }
  }

  async function run({ id, data: { key, step } }) {
    running++;
    try {
      await inTransaction(pool, async (db) => {
        await boss.complete(QUEUE, id, outputOf(key, step), { db });
        if (step < STEPS.length - 2) await boss.send(QUEUE, { key, step: step + 1 }, { db });
      });
    } finally {
      running--;
    }
    if (step === STEPS.length - 2) waiting(key);
    if (step === STEPS.length - 1) done(key);
    wake();
  }

  async function send(key, step) {
    await boss.send(QUEUE, { key, step });
    wake();
  }

  void loop().catch(fault);
  return {
    start: (key) => send(key, 0),
    approve: (key) => send(key, STEPS.length - 1),
    async completed() {
      const { rows } = await pool.query(
        `select count(*) filter (where (data ->> 'step')::int = $1)::int as runs, count(*)::int as outputs
         from pgboss.job where name = $2 and state = 'completed' and output ? 'text'`,
        [STEPS.length - 1, QUEUE],
      );
      return rows[0];
    },
  };
}

async function inTransaction(pool, work) {
  const client = await pool.connect();
  try {
    await client.query('begin');
    await work({ executeSql: (text, values) => client.query(text, values) });
    await client.query('commit');
    client.release();
  } catch (error) {
    // The connection goes, and with it the transaction.
    client.release(true);
    throw error;
  }
}
