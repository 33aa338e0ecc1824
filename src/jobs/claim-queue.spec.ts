import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  createTestDatabase,
  OTHER_TENANT_ID,
  type TestDatabase,
  TEST_TENANT_ID,
} from '../../test/harness/database.js';
import { configSchema } from '../config/config.schema.js';
import { newId } from '../kernel/ids.js';
import { type ClaimContext, ClaimQueue } from './claim-queue.service.js';
import { FAIR_FETCH } from './fair-fetch.js';
import type { RunJob } from './job-catalogue.js';
import { newJobsPart, PG_BOSS_SCHEMA } from './job-rows.js';
import { HandBack, JobsService } from './jobs.service.js';

type Handler = (data: RunJob, context: ClaimContext) => Promise<void>;

let database: TestDatabase;
/** What is to be stopped after a test, the newest first. */
const stops: (() => Promise<void>)[] = [];

beforeEach(async () => {
  database = await createTestDatabase();
});
afterEach(async () => {
  vi.useRealTimers();
  await Promise.all(stops.splice(0).map((stop) => stop()));
  await database.close();
});

/** The queue as one process has it. */
async function startProcess(
  settings: object = {},
): Promise<{ jobs: JobsService; claims: ClaimQueue; stop: () => Promise<void> }> {
  const config = configSchema.shape.jobs.parse({ pollingIntervalSeconds: 0.5, concurrency: 4, ...settings });
  const server = configSchema.shape.server.parse({ drainTimeoutMs: 20_000 });
  const jobs = new JobsService(database.database, config, server);
  await jobs.onModuleInit();
  const claims = new ClaimQueue(jobs, config, server);
  let isStopped = false;
  const stop = async () => {
    if (isStopped) return;
    isStopped = true;
    await claims.onModuleDestroy();
    await jobs.onModuleDestroy();
    await claims.beforeApplicationShutdown();
    await jobs.beforeApplicationShutdown();
    await jobs.onApplicationShutdown();
  };
  stops.push(stop);
  return { jobs, claims, stop };
}

/** A handler that keeps every job until it is let go or loses it. */
function holding() {
  const held: RunJob[] = [];
  const contexts: ClaimContext[] = [];
  const release = Promise.withResolvers<void>();
  const handler: Handler = async (data, context) => {
    held.push(data);
    contexts.push(context);
    await Promise.race([
      release.promise,
      new Promise<never>((_resolve, reject) => {
        for (const end of [context.signal, context.draining])
          end.addEventListener('abort', () => reject(new HandBack()), { once: true });
      }),
    ]);
  };
  return { handler, held, contexts, release: release.resolve };
}

const run = (tenantId = TEST_TENANT_ID): RunJob => ({ tenantId, runId: newId() });

/** Puts jobs into the queue as the engine does. */
async function enqueue(...runs: RunJob[]): Promise<void> {
  const part = newJobsPart(
    runs.map((data) => ({ id: newId(), name: 'workflow.drive', data, group: data.tenantId })),
  );
  const ctes = part.ctes('$1').map(([name, text]) => `${name} as (${text})`);
  await database.query(`with ${ctes.join(', ')} select count(*) from jobs_told`, [JSON.stringify(part.rows)]);
}

/** Many jobs of one tenant at once. */
const enqueueMany = (tenantId: string, count: number) =>
  database.query(
    `insert into pgboss.job (name, data, group_id, policy, heartbeat_seconds, retry_limit, expire_seconds, start_after)
     select q.name, json_build_object('tenantId', $1::text, 'runId', gen_random_uuid()), $1, q.policy,
       q.heartbeat_seconds, q.retry_limit, q.expire_seconds, now() - interval '1 hour'
     from pgboss.queue q, generate_series(1, $2) where q.name = 'workflow.drive'`,
    [tenantId, count],
  );

const jobRows = () =>
  database.query<{ id: string; state: string; attempt: number }>(
    `select id, state, retry_count as attempt from pgboss.job where name = 'workflow.drive' order by created_on`,
  );

const soon = { timeout: 40_000, interval: 100 };

describe('claiming what this process is about to commit', () => {
  it('is possible as long as there is room, and again when some falls free', async () => {
    const { claims } = await startProcess({ concurrency: 2, tenantShare: 1 });
    expect(claims.tryClaim(TEST_TENANT_ID)).toBeUndefined();
    await claims.open(holding().handler);
    const first = claims.tryClaim(TEST_TENANT_ID);
    const second = claims.tryClaim(OTHER_TENANT_ID);
    expect(new Set([first?.id, second?.id]).size).toBe(2);
    expect(claims.tryClaim(TEST_TENANT_ID)).toBeUndefined();
    if (first) claims.abandon(first);
    expect(claims.tryClaim(TEST_TENANT_ID)).toBeDefined();
  });

  it('leaves some room to the others, however much one tenant starts', async () => {
    const { claims } = await startProcess({ concurrency: 4, tenantShare: 0.75 });
    await claims.open(holding().handler);
    const mine = Array.from({ length: 4 }, () => claims.tryClaim(TEST_TENANT_ID));
    expect(mine.map((claim) => claim !== undefined)).toEqual([true, true, true, false]);
    expect(claims.tryClaim(OTHER_TENANT_ID)).toBeDefined();
  });

  it('is left to the queue where a limit holds over all processes', async () => {
    const { claims } = await startProcess({ tenantConcurrency: 3 });
    await claims.open(holding().handler);
    expect(claims.tryClaim(TEST_TENANT_ID)).toBeUndefined();
  });
});

describe('taking jobs from the queue', () => {
  it('a tenant with one job is served in the first fetch, beside one with 5,000', async () => {
    const { jobs } = await startProcess();
    await enqueueMany(TEST_TENANT_ID, 5_000);
    await enqueue(run(OTHER_TENANT_ID));
    const fetched = await jobs.sql<{ group_id: string }>(FAIR_FETCH, ['workflow.drive', 4, 3, null, '{}']);
    expect(fetched.map((job) => job.group_id).toSorted()).toEqual([
      TEST_TENANT_ID,
      TEST_TENANT_ID,
      TEST_TENANT_ID,
      OTHER_TENANT_ID,
    ]);
  });

  it('no tenant gets more than its share of a process', async () => {
    const { claims } = await startProcess({ concurrency: 4, tenantShare: 0.5 });
    const { handler, held } = holding();
    await enqueueMany(TEST_TENANT_ID, 20);
    await claims.open(handler);
    await expect.poll(() => held.length, soon).toBe(2);
    await enqueue(run(OTHER_TENANT_ID));
    await expect.poll(() => held.length, soon).toBe(3);
    expect(held.filter(({ tenantId }) => tenantId === TEST_TENANT_ID)).toHaveLength(2);
  });

  it('a limit for a tenant holds over two processes', async () => {
    const settings = { concurrency: 8, tenantShare: 1, tenantConcurrency: 3 };
    const [one, other] = [await startProcess(settings), await startProcess(settings)];
    await enqueueMany(TEST_TENANT_ID, 20);
    const [first, second] = [holding(), holding()];
    await one.claims.open(first.handler);
    await expect.poll(() => first.held.length, soon).toBe(3);
    await other.claims.open(second.handler);
    // Whoever serves the other tenant has looked, and left the first one alone.
    await enqueue(run(OTHER_TENANT_ID));
    await expect.poll(() => first.held.length + second.held.length, soon).toBe(4);
    expect((await jobRows()).filter(({ state }) => state === 'active')).toHaveLength(4);
  });

  it('no job is given out twice, however many processes ask at once', async () => {
    const processes = await Promise.all(
      Array.from({ length: 3 }, () => startProcess({ concurrency: 8, tenantShare: 1 })),
    );
    const runs = Array.from({ length: 60 }, () => run());
    const taken: string[] = [];
    for (const { claims } of processes) {
      await claims.open(async ({ runId }) => {
        taken.push(runId);
      });
    }
    await enqueue(...runs);
    await expect.poll(() => jobRows(), soon).toEqual([]);
    expect(taken.toSorted()).toEqual(runs.map(({ runId }) => runId).toSorted());
  });
});

describe('a lease', () => {
  it('is renewed, by the clock of the database: that of the process may jump', async () => {
    const { claims } = await startProcess();
    const { handler, held, contexts } = holding();
    await claims.open(handler);
    await enqueue(run());
    await expect.poll(() => held.length, soon).toBe(1);
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 86_400_000 });
    const leased = async () => {
      const [row] = await database.query<{ seconds: number; ahead: number }>(
        `select extract(epoch from heartbeat_on - started_on)::float as seconds,
           extract(epoch from heartbeat_on - now())::float as ahead from pgboss.job where name = 'workflow.drive'`,
      );
      return row;
    };
    await expect.poll(async () => (await leased())?.seconds, soon).toBeGreaterThan(10);
    expect((await leased())?.ahead).toBeLessThanOrEqual(0);
    expect(await jobRows()).toMatchObject([{ state: 'active', attempt: 0 }]);
    expect(contexts[0]?.signal.aborted).toBe(false);
  });

  it('that was given to somebody else is noticed, and what its first holder says has no effect', async () => {
    const { claims } = await startProcess();
    const { handler, held, contexts } = holding();
    await claims.open(handler);
    await enqueue(run());
    await expect.poll(() => held.length, soon).toBe(1);
    await database.query(`update pgboss.job set retry_count = retry_count + 1 where name = 'workflow.drive'`);
    const [context] = contexts;
    if (context && !context.signal.aborted) await once(context.signal, 'abort');
    await expect.poll(() => claims.tryClaim(TEST_TENANT_ID) !== undefined, soon).toBe(true);
    expect(await jobRows()).toMatchObject([{ state: 'active', attempt: 1 }]);
  });

  it('of a process that is not heard of runs out; the job goes to another, also when the clock of the database jumps', async () => {
    const [silent, other] = [await startProcess(), await startProcess()];
    const [first, second] = [holding(), holding()];
    await silent.claims.open(first.handler);
    const data = run();
    await enqueue(data);
    await expect.poll(() => first.held.length, soon).toBe(1);
    await other.claims.open(second.handler);
    // To the database a minute has passed: the same as a process that was silent for so long.
    await database.query(`update pgboss.job set heartbeat_on = heartbeat_on - interval '1 minute'`);
    // It may go back to the first one; that is a new turn of its own.
    await expect.poll(() => first.held.length + second.held.length, soon).toBe(2);
    expect([...first.held, ...second.held]).toEqual([data, data]);
    const [context] = first.contexts;
    if (context && !context.signal.aborted) await once(context.signal, 'abort');
    expect(await jobRows()).toMatchObject([{ state: 'active', attempt: 1 }]);
  });

  it('of a process that takes its own job anew is lost to the turn before, and to that one alone', async () => {
    const { claims } = await startProcess();
    const { handler, held, contexts, release } = holding();
    await claims.open(handler);
    const data = run();
    await enqueue(data);
    await expect.poll(() => held.length, soon).toBe(1);
    await database.query(`update pgboss.job set heartbeat_on = heartbeat_on - interval '1 minute'`);
    await expect.poll(() => held.length, soon).toBe(2);
    expect(contexts.map(({ signal }) => signal.aborted)).toEqual([true, false]);
    expect(await jobRows()).toMatchObject([{ state: 'active', attempt: 1 }]);
    // Its place is counted once: with three others the process is full, and not before.
    await enqueue(run(OTHER_TENANT_ID), run(OTHER_TENANT_ID), run(OTHER_TENANT_ID));
    await expect.poll(() => held.length, soon).toBe(5);
    expect(contexts.map(({ signal }) => signal.aborted)).toEqual([true, false, false, false, false]);
    release();
    await expect.poll(jobRows, soon).toEqual([]);
  });

  it('of a claim that was never committed is no lease', async () => {
    const { claims } = await startProcess();
    const { handler } = holding();
    await claims.open(handler);
    const claim = claims.tryClaim(TEST_TENANT_ID);
    expect(claim).toBeDefined();
    expect(await jobRows()).toEqual([]);
    if (claim) claims.abandon(claim);
    expect(claims.tryClaim(TEST_TENANT_ID)?.id).not.toBe(claim?.id);
  });
});

describe('a job that is not done', () => {
  it('goes to whoever has room when it is handed back', async () => {
    const [one, other] = [await startProcess(), await startProcess()];
    const { handler, held } = holding();
    let refusals = 0;
    await one.claims.open(async () => {
      if (++refusals === 1) await other.claims.open(handler);
      throw new HandBack();
    });
    const data = run();
    await enqueue(data);
    await expect.poll(() => held, soon).toEqual([data]);
    expect(refusals).toBeGreaterThan(0);
  });

  it('is handed back at shutdown, after the step under way', async () => {
    const { claims, stop } = await startProcess();
    const stepDone = Promise.withResolvers<void>();
    const seen: string[] = [];
    await claims.open(async (_data, { draining }) => {
      seen.push('began');
      if (!draining.aborted) await once(draining, 'abort');
      seen.push('told');
      await stepDone.promise;
      seen.push('step done');
      throw new HandBack();
    });
    await enqueue(run());
    await expect.poll(() => seen, soon).toEqual(['began']);
    const stopped = stop();
    await expect.poll(() => seen, soon).toEqual(['began', 'told']);
    expect(claims.tryClaim(TEST_TENANT_ID)).toBeUndefined();
    stepDone.resolve();
    await stopped;
    expect(seen).toEqual(['began', 'told', 'step done']);
    expect(await jobRows()).toMatchObject([{ state: 'retry' }]);
  });
});

describe('the tables of pg-boss', () => {
  it('are of the version that our statements were written for', async () => {
    await startProcess();
    expect(await database.query('select version from pgboss.version')).toEqual([{ version: PG_BOSS_SCHEMA }]);
  });

  it('hold the same row whether pg-boss makes a job or we do', async () => {
    const { jobs } = await startProcess();
    const data = run();
    await enqueue(data);
    await database.database.withTenant(TEST_TENANT_ID, (trx) => jobs.enqueue(trx, 'workflow.drive', data));
    const rows = await database.query<Record<string, unknown>>(
      `select to_jsonb(job) - 'id' - 'created_on' - 'start_after' - 'keep_until' - 'group_id' as columns,
         keep_until - start_after >= interval '13 days' as kept, start_after <= now() as due from pgboss.job
       where name = 'workflow.drive'`,
    );
    const [ours, theirs] = rows;
    expect(rows).toHaveLength(2);
    expect(ours).toEqual(theirs);
    expect(ours).toMatchObject({ kept: true, due: true });
  });

  it('are read by the index, without sorting the 100,000 waiting jobs of a tenant', async () => {
    const { jobs, claims } = await startProcess();
    await claims.open(holding().handler);
    await claims.onModuleDestroy();
    await enqueueMany(TEST_TENANT_ID, 100_000);
    await database.query('analyze pgboss.job');
    const values = ['workflow.drive', 8, 8, null, '{}'];
    const plan = await jobs.sql<{ 'QUERY PLAN': unknown }>(
      `explain (analyze, format json) ${FAIR_FETCH}`,
      values,
    );
    const [explained] = (plan[0]?.['QUERY PLAN'] ?? []) as { Plan: PlanNode }[];
    const nodes = nodesOf(explained?.Plan);
    const scans = nodes.filter((node) => node['Relation Name'] !== undefined);
    expect(scans.length).toBeGreaterThan(0);
    expect(scans.filter((node) => node['Node Type'] === 'Seq Scan')).toEqual([]);
    // A sort of the few that were chosen may be there; none sees the whole queue.
    expect(Math.max(...nodes.map((node) => node['Actual Rows'] * node['Actual Loops']))).toBeLessThan(100);
  });
});

interface PlanNode {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Actual Rows': number;
  readonly 'Actual Loops': number;
  readonly Plans?: readonly PlanNode[];
}

function nodesOf(node: PlanNode | undefined): PlanNode[] {
  return node ? [node, ...(node.Plans ?? []).flatMap(nodesOf)] : [];
}
