import {
  type BeforeApplicationShutdown,
  Injectable,
  Logger,
  type OnApplicationShutdown,
  type OnModuleDestroy,
  type OnModuleInit,
} from '@nestjs/common';
import { fromKysely, PgBoss } from 'pg-boss';
import type { AppConfig } from '../config/app-config.js';
import { InjectConfig } from '../config/inject-config.js';
import { DatabaseService } from '../database/database.service.js';
import type { Trx } from '../database/trx.js';
import { JOB_NAMES, type JobCatalogue, type JobName, ONE_AT_A_TIME, subjectOf } from './job-catalogue.js';
import { CHANNEL } from './job-rows.js';
import { storableFault } from './storable-fault.js';

/** Thrown by a handler that stops before its job is done and without a fault: the job is given out anew at once. */
export class HandBack extends Error {
  constructor() {
    super('handed back');
    this.name = 'HandBack';
  }
}

export interface JobContext {
  /** Aborts when the job has been given to another process, or has run out of time. */
  readonly signal: AbortSignal;
  /** Aborts when this process wants to stop: finish the step under way, then throw {@link HandBack}. */
  readonly draining: AbortSignal;
}

export type JobHandler<N extends JobName> = (data: JobCatalogue[N], context: JobContext) => Promise<void>;

/**
 * Hands work from transaction to process (pg-boss). A job commits with the change that caused it, is leased to one
 * process by heartbeat, and goes to another when that process is not heard of any more.
 */
@Injectable()
export class JobsService
  implements OnModuleInit, OnModuleDestroy, BeforeApplicationShutdown, OnApplicationShutdown
{
  private readonly logger = new Logger(JobsService.name);
  private readonly boss: PgBoss;
  private readonly stopping = new AbortController();
  private readonly running = new Set<Promise<void>>();
  private registered: JobName[] = [];
  private notifyAvailable = true;
  private started = false;

  constructor(
    database: DatabaseService,
    @InjectConfig('jobs') private readonly config: AppConfig['jobs'],
    @InjectConfig('server') private readonly server: AppConfig['server'],
  ) {
    this.boss = new PgBoss({
      connectionString: database.url,
      application_name: 'countersign-jobs',
      max: config.poolSize,
      useListenNotify: true,
      superviseIntervalSeconds: config.superviseIntervalSeconds,
      monitorIntervalSeconds: config.superviseIntervalSeconds,
      schedule: false,
    });
    // Without a listener an error event would end the process.
    this.boss.on('error', (error) => this.logger.warn({ event: 'jobs.error', reason: error.message }));
    this.boss.on('warning', (warning) => {
      if (warning.message.includes('NOTIFY')) this.notifyAvailable = false;
      this.logger.warn({ event: 'jobs.warning', reason: warning.message });
    });
  }

  async onModuleInit(): Promise<void> {
    await this.boss.start();
    for (const name of JOB_NAMES) {
      await this.boss.createQueue(name);
      // A queue that is there already keeps the settings it was made with, whatever the configuration says now.
      await this.boss.updateQueue(name, {
        notify: true,
        heartbeatSeconds: this.config.heartbeatSeconds,
        expireInSeconds: 86_400,
        // A run is only ever given up by the engine, never by the queue.
        retryLimit: 1_000_000,
        retryDelay: 0,
        deleteAfterSeconds: 3_600,
      });
    }
    this.started = true;
    this.logger.log(
      { event: 'jobs.started', listenNotify: this.notifyAvailable, role: this.server.role },
      'the queue is ready',
    );
  }

  /**
   * Puts a job into the transaction: it exists when, and only when, the transaction commits.
   *
   * @param options.startAfter a time, or a number of seconds from now by the clock of the database.
   * @param options.singletonSeconds there is at most one job of this kind in each span of so many seconds;
   *   with `singletonNextSlot` it is put into the next span when this one has had its job.
   */
  async enqueue<N extends JobName>(
    trx: Trx,
    name: N,
    data: JobCatalogue[N],
    options: { startAfter?: Date | number; singletonSeconds?: number; singletonNextSlot?: boolean } = {},
  ): Promise<void> {
    const subject = subjectOf(data);
    const group = subject === undefined ? {} : { group: { id: subject } };
    await this.boss.send(name, data, { db: fromKysely(trx), ...group, ...options });
  }

  /** Starts to take jobs of one kind. */
  async handle<N extends JobName>(name: N, concurrency: number, handler: JobHandler<N>): Promise<void> {
    this.registered.push(name);
    for (let slot = 0; slot < concurrency; slot++) await this.openSlot(name, handler);
  }

  /**
   * Calls back with every word sent on the queue's channel (the kind of a job that is there to be taken, or what others
   * send), and when words may have been missed.
   */
  async listen(onWord: (word: string) => void, onMissed: () => void): Promise<() => Promise<void>> {
    const database = this.boss.getDb();
    const [row] = await this.sql<{ channel: string }>(`select ${CHANNEL} as channel`, []);
    if (!database.listen || !row || !this.notifyAvailable) return async () => undefined;
    const handle = await database.listen(row.channel, onWord, onMissed);
    return () => handle.close();
  }

  /** Runs a statement over the queue's own tables. */
  async sql<Row>(text: string, values: unknown[]): Promise<Row[]> {
    const { rows } = await this.boss.getDb().executeSql(text, values);
    return rows as Row[];
  }

  /** Ends a job that was given out, unless it was given out again since. */
  async end(name: JobName, job: GivenJob): Promise<void> {
    await this.boss.deleteJob(name, [attemptOf(job)]);
  }

  /** Puts a job that was given out back into the queue. */
  async giveBack(name: JobName, job: GivenJob, error: unknown): Promise<void> {
    await this.boss.fail(name, [attemptOf(job)], storableFault(error));
  }

  /** Renews leases. @returns the ids of the jobs that were still ours. */
  async renew(name: JobName, jobs: readonly GivenJob[]): Promise<ReadonlySet<string>> {
    // Which ones it has touched is not in pg-boss's types.
    const answer = (await this.boss.touch(name, jobs.map(attemptOf))) as { settled?: readonly string[] };
    return new Set(answer.settled);
  }

  /** Whether jobs are taken and given, and whether NOTIFY wakes workers (else they poll). */
  get state(): { started: boolean; listenNotify: boolean } {
    return { started: this.started && !this.stopping.signal.aborted, listenNotify: this.notifyAvailable };
  }

  /** Stops taking jobs and tells the running ones to finish their step. */
  async onModuleDestroy(): Promise<void> {
    this.stopping.abort();
    await Promise.all(this.registered.map((name) => this.boss.offWork(name, { wait: false })));
  }

  /** Waits for running jobs while the server still answers. */
  async beforeApplicationShutdown(): Promise<void> {
    await Promise.race([Promise.all(this.running), rejectAfter(this.server.drainTimeoutMs)]).catch(() =>
      this.logger.warn({ event: 'jobs.drain_timeout', running: this.running.size }),
    );
  }

  async onApplicationShutdown(): Promise<void> {
    this.started = false;
    await this.boss.stop({ graceful: true, close: true, timeout: 2_000 });
  }

  /**
   * One slot is one worker of the queue's, with an id of its own: it looks for the next job as soon as it is done with
   * one, where a worker left to itself would first sit out its polling interval.
   */
  private async openSlot<N extends JobName>(name: N, handler: JobHandler<N>): Promise<void> {
    let slot: string | undefined;
    slot = await this.boss.work<JobCatalogue[N]>(
      name,
      {
        localConcurrency: 1,
        pollingIntervalSeconds: this.config.pollingIntervalSeconds,
        notifyPollingIntervalSeconds: this.config.pollingIntervalSeconds,
        heartbeatRefreshSeconds: this.config.heartbeatSeconds / 4,
        ...(ONE_AT_A_TIME.has(name) && { groupConcurrency: 1 }),
      },
      async ([job]) => {
        if (!job) return;
        const work = this.run(name, job.data, handler, job.signal);
        const settled = work.catch(() => undefined);
        this.running.add(settled);
        try {
          await work;
        } finally {
          this.running.delete(settled);
          if (slot !== undefined) this.boss.notifyWorker(slot);
        }
      },
    );
  }

  private async run<N extends JobName>(
    name: N,
    data: JobCatalogue[N],
    handler: JobHandler<N>,
    signal: AbortSignal,
  ): Promise<void> {
    try {
      await handler(data, { signal, draining: this.stopping.signal });
    } catch (error) {
      if (signal.aborted) {
        this.logger.warn({ event: 'jobs.lost', job: name, subject: subjectOf(data) });
      } else if (!(error instanceof HandBack)) {
        this.logger.error({ event: 'jobs.failed', job: name, subject: subjectOf(data), err: error });
        // The job is retried at once; a fault that persists must not spin.
        await new Promise((resolve) => setTimeout(resolve, 1_000));
      }
      throw storableFault(error);
    }
  }
}

/** A job that was given out, and how often it had been before. */
interface GivenJob {
  readonly id: string;
  readonly attempt: number;
}

function attemptOf({ id, attempt }: GivenJob): { id: string; retryCount: number } {
  return { id, retryCount: attempt };
}

function rejectAfter(milliseconds: number): Promise<never> {
  return new Promise((_resolve, reject) => {
    setTimeout(() => reject(new Error('timeout')), milliseconds).unref();
  });
}
