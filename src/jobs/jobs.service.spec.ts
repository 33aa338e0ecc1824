import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase, TEST_TENANT_ID } from '../../test/harness/database.js';
import { configSchema } from '../config/config.schema.js';
import { HealthIndicators } from '../health/health-indicators.js';
import { newId } from '../kernel/ids.js';
import type { RunJob, RunJobName } from './job-catalogue.js';
import { HandBack, type JobContext, type JobHandler, JobsService } from './jobs.service.js';
import { QueueHealth } from './queue-health.js';

describe('the queue', () => {
  let database: TestDatabase;
  const started: JobsService[] = [];

  beforeEach(async () => {
    database = await createTestDatabase();
  });
  afterEach(async () => {
    await Promise.all(started.splice(0).map(stop));
    await database.close();
  });

  /** The queue as one process has it. */
  async function start(
    settings: { heartbeatSeconds?: number; pollingIntervalSeconds?: number } = {},
  ): Promise<JobsService> {
    const jobs = new JobsService(
      database.database,
      configSchema.shape.jobs.parse({ pollingIntervalSeconds: 0.5, ...settings }),
      configSchema.shape.server.parse({}),
    );
    await jobs.onModuleInit();
    started.push(jobs);
    return jobs;
  }

  async function stop(jobs: JobsService): Promise<void> {
    await jobs.onModuleDestroy();
    await jobs.beforeApplicationShutdown();
    await jobs.onApplicationShutdown();
  }

  const enqueue = (jobs: JobsService, data: RunJob, name: RunJobName = 'workflow.drive') =>
    database.database.withTenant(TEST_TENANT_ID, (trx) => jobs.enqueue(trx, name, data));

  const someRun = (): RunJob => ({ tenantId: TEST_TENANT_ID, runId: newId() });

  /** A handler that tells when it is called and ends when it is told to. */
  function heldHandler() {
    const called = Promise.withResolvers<{ data: RunJob; context: JobContext }>();
    const release = Promise.withResolvers<void>();
    const handler: JobHandler<RunJobName> = async (data, context) => {
      called.resolve({ data, context });
      await release.promise;
    };
    return { handler, called: called.promise, release };
  }

  /** A handler that keeps what it is given. */
  function collecting(wanted: number) {
    const taken: RunJob[] = [];
    const complete = Promise.withResolvers<RunJob[]>();
    const handler: JobHandler<RunJobName> = async (data) => {
      taken.push(data);
      if (taken.length === wanted) complete.resolve(taken);
    };
    return { handler, complete: complete.promise };
  }

  const stateOf = async (runId: string): Promise<string[]> => {
    const rows = await database.query<{ state: string }>(
      `select state from pgboss.job where data ->> 'runId' = $1 order by created_on`,
      [runId],
    );
    return rows.map((row) => row.state);
  };

  async function untilState(runId: string, ...wanted: string[]): Promise<void> {
    await expect.poll(() => stateOf(runId), { timeout: 30_000 }).toEqual(wanted);
  }

  it('goes on with the next job as soon as one is done', async () => {
    // Waiting for the poll between two of these would take minutes.
    const jobs = await start({ pollingIntervalSeconds: 60 });
    const runs = [someRun(), someRun(), someRun(), someRun()];
    for (const run of runs) await enqueue(jobs, run);
    const { handler, complete } = collecting(runs.length);
    await jobs.handle('workflow.drive', 1, handler);
    expect(await complete).toEqual(expect.arrayContaining(runs));
  });

  it('gives a job out when its transaction has committed, and not before', async () => {
    const jobs = await start();
    const { handler, complete } = collecting(1);
    await jobs.handle('workflow.drive', 2, handler);
    const data = someRun();
    await database.database.withTenant(TEST_TENANT_ID, async (trx) => {
      await jobs.enqueue(trx, 'workflow.drive', data);
      expect(await stateOf(data.runId)).toEqual([]);
    });
    expect(await complete).toEqual([data]);
    await untilState(data.runId, 'completed');
  });

  it('drops a job with the transaction that was rolled back', async () => {
    const jobs = await start();
    const lost = someRun();
    const kept = someRun();
    await expect(
      database.database.withTenant(TEST_TENANT_ID, async (trx) => {
        await jobs.enqueue(trx, 'workflow.drive', lost);
        throw new Error('no');
      }),
    ).rejects.toThrow('no');
    await enqueue(jobs, kept);
    const { handler, complete } = collecting(1);
    await jobs.handle('workflow.drive', 1, handler);
    expect(await complete).toEqual([kept]);
    expect(await stateOf(lost.runId)).toEqual([]);
  });

  it('gives a job that is handed back to another process', async () => {
    const [stopping, other] = [await start(), await start()];
    const first = Promise.withResolvers<JobContext>();
    await stopping.handle('workflow.drive', 1, async (_data, context) => {
      first.resolve(context);
      if (!context.draining.aborted) await once(context.draining, 'abort');
      throw new HandBack();
    });
    const data = someRun();
    await enqueue(stopping, data);
    await first.promise;
    const { handler, complete } = collecting(1);
    await other.handle('workflow.drive', 1, handler);
    await stop(stopping);
    expect(await complete).toEqual([data]);
    await untilState(data.runId, 'completed');
  });

  it('repeats a job that failed, and keeps none of what the fault says', async () => {
    const jobs = await start();
    let attempts = 0;
    await jobs.handle('workflow.drive', 1, async () => {
      if (++attempts === 1) throw new Error('miriam.okafor@example.com is not unique');
    });
    const data = someRun();
    await enqueue(jobs, data);
    await untilState(data.runId, 'completed');
    expect(attempts).toBe(2);
    expect(JSON.stringify(await database.query('select * from pgboss.job'))).not.toContain('okafor');
  });

  it('keeps the lease of a job that takes longer than its lease lasts', async () => {
    const jobs = await start();
    const { handler, called, release } = heldHandler();
    await jobs.handle('workflow.drive', 1, handler);
    const data = someRun();
    await enqueue(jobs, data);
    const { context } = await called;
    const leased = async () => {
      const [row] = await database.query<{ seconds: number; retries: number }>(
        `select extract(epoch from heartbeat_on - started_on)::float as seconds, retry_count as retries from pgboss.job`,
      );
      return row;
    };
    // The lease is ten seconds: three renewals of 2.5 s and one more have gone beyond it.
    await expect
      .poll(async () => (await leased())?.seconds, { timeout: 30_000, interval: 250 })
      .toBeGreaterThan(10);
    expect(await leased()).toMatchObject({ retries: 0 });
    expect(context.signal.aborted).toBe(false);
    release.resolve();
    await untilState(data.runId, 'completed');
  });

  it('gives a job away whose process is not heard of, and tells that process', async () => {
    const [silent, other] = [await start(), await start()];
    const { handler, called, release } = heldHandler();
    await silent.handle('workflow.drive', 1, handler);
    const data = someRun();
    await enqueue(silent, data);
    const { context } = await called;
    const { handler: taking, complete } = collecting(1);
    await other.handle('workflow.drive', 1, taking);
    // As if nothing had been heard for longer than the lease.
    await database.query(`update pgboss.job set heartbeat_on = heartbeat_on - interval '1 minute'`);
    expect(await complete).toEqual([data]);
    if (!context.signal.aborted) await once(context.signal, 'abort');
    release.resolve();
    await untilState(data.runId, 'completed');
  });

  it('gives out one delivery of a run at a time', async () => {
    const [one, other] = [await start(), await start()];
    const { handler, called, release } = heldHandler();
    await one.handle('delivery.deliver', 1, handler);
    const data = someRun();
    await enqueue(one, data, 'delivery.deliver');
    await called;
    const { handler: taking } = collecting(2);
    await other.handle('delivery.deliver', 1, taking);
    await enqueue(other, data, 'delivery.deliver');
    const another = someRun();
    await enqueue(other, another, 'delivery.deliver');
    await untilState(another.runId, 'completed');
    expect(await stateOf(data.runId)).toEqual(['active', 'created']);
    release.resolve();
    await untilState(data.runId, 'completed', 'completed');
  });

  it('takes up a changed lease time for a queue that exists already', async () => {
    await start({ heartbeatSeconds: 10 });
    await start({ heartbeatSeconds: 60 });
    expect(
      await database.query(`select distinct heartbeat_seconds from pgboss.queue where name like '%.%'`),
    ).toEqual([{ heartbeat_seconds: 60 }]);
  });
});

describe('the health of the queue', () => {
  const healthOf = (state: JobsService['state']) => {
    const indicators = new HealthIndicators();
    new QueueHealth(indicators, { state } as JobsService).onModuleInit();
    const [indicator] = indicators.all();
    expect(indicator).toMatchObject({ name: 'queue', critical: true });
    return indicator?.check();
  };

  it('is good while jobs are given out and notifications come through', async () => {
    expect(await healthOf({ started: true, listenNotify: true })).toEqual({ status: 'healthy' });
  });

  it('is degraded without notifications: workers look less often', async () => {
    expect(await healthOf({ started: true, listenNotify: false })).toMatchObject({ status: 'degraded' });
  });

  it('is bad before the start and once the process stops', async () => {
    expect(await healthOf({ started: false, listenNotify: true })).toMatchObject({ status: 'unhealthy' });
  });
});
