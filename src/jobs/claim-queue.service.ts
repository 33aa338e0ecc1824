import { type BeforeApplicationShutdown, Injectable, Logger, type OnModuleDestroy } from '@nestjs/common';
import type { AppConfig } from '../config/app-config.js';
import { InjectConfig } from '../config/inject-config.js';
import { newId } from '../kernel/ids.js';
import { FAIR_FETCH, FAIR_FETCH_INDEX, type FetchedJob } from './fair-fetch.js';
import type { RunJob } from './job-catalogue.js';
import { readStop, type RunStop } from './run-stop.js';
import { HandBack, type JobContext, JobsService } from './jobs.service.js';
import { Wake } from './wake.js';

/** The queue whose jobs are driven side by side in one process. */
const QUEUE = 'workflow.drive';

/** A job in the hands of this process. Nobody else gets it while the process is heard of. */
export interface Claim {
  readonly id: string;
  readonly tenantId: string;
}

interface Held extends Claim {
  readonly attempt: number;
  /** The run it drives, once it does. */
  runId?: string;
  readonly lost: AbortController;
  /** Whether the job's row is committed, so that its lease can be renewed. */
  committed: boolean;
}

/** Why a handler is told to stop whose run was ended by somebody else. */
class RunStopped extends Error {
  constructor() {
    super('the run was stopped');
    this.name = 'RunStopped';
  }
}

/** What a handler is told, and how it says that its own commit has ended the job. */
export interface ClaimContext extends JobContext {
  readonly claim: Claim;
}

/**
 * Runs of this process: taken from the queue, or claimed by whoever accepts a start or an approval and has room, so
 * that no trip through the queue stands between accepting and driving. One lease each, all renewed together.
 */
@Injectable()
export class ClaimQueue implements OnModuleDestroy, BeforeApplicationShutdown {
  private readonly logger = new Logger(ClaimQueue.name);
  private readonly held = new Map<string, Held>();
  private readonly heldByTenant = new Map<string, number>();
  private readonly running = new Set<Promise<void>>();
  private readonly wake = new Wake();
  private readonly stopping = new AbortController();
  private heartbeat: NodeJS.Timeout | undefined;
  private handler: ((data: RunJob, context: ClaimContext) => Promise<void>) | undefined;
  private fetching: Promise<void> | undefined;
  private closeListener: (() => Promise<void>) | undefined;

  constructor(
    private readonly jobs: JobsService,
    @InjectConfig('jobs') private readonly config: AppConfig['jobs'],
    @InjectConfig('server') private readonly server: AppConfig['server'],
  ) {}

  /** Starts to take jobs; before that nothing can be claimed either. */
  async open(handler: (data: RunJob, context: ClaimContext) => Promise<void>): Promise<void> {
    await this.jobs.sql(FAIR_FETCH_INDEX, []);
    this.handler = handler;
    this.heartbeat = setInterval(() => void this.renew(), (this.config.heartbeatSeconds * 1_000) / 4);
    this.closeListener = await this.jobs.listen(
      (word) => this.hear(word),
      () => this.wake.notify(),
    );
    this.fetching = this.fetchForEver();
  }

  /** A job to be made as already given out to this process; undefined when there is no room for it here. */
  tryClaim(tenantId: string): Claim | undefined {
    if (!this.handler || this.stopping.signal.aborted || this.room() <= 0) return undefined;
    // How many a tenant holds anywhere is known to the queue alone.
    if (this.config.tenantConcurrency !== undefined) return undefined;
    if ((this.heldByTenant.get(tenantId) ?? 0) >= this.shareOfTenant()) return undefined;
    const claim = { id: newId(), tenantId, attempt: 0, lost: new AbortController(), committed: false };
    this.hold(claim);
    return claim;
  }

  /** Gives a claim up whose job was not committed. */
  abandon(claim: Claim): void {
    this.letGo(claim);
  }

  /** Drives a claimed job once it is committed. Faults are met as those of jobs taken from the queue are. */
  run(claim: Claim, data: RunJob, work: (context: ClaimContext) => Promise<void>): void {
    const held = this.held.get(claim.id);
    if (!held) return;
    held.committed = true;
    held.runId = data.runId;
    const done = this.carryOut(held, data, work).finally(() => {
      this.running.delete(done);
    });
    this.running.add(done);
  }

  /** To be called when the holder's own commit has ended the job. */
  ended(claim: Claim): void {
    this.letGo(claim);
  }

  /** Tells whoever drives the run in this process that nobody wants its work any more. */
  stop({ runId, nextJobId }: RunStop): void {
    for (const held of this.held.values()) {
      if (held.runId === runId && held.id !== nextJobId) held.lost.abort(new RunStopped());
    }
  }

  async onModuleDestroy(): Promise<void> {
    this.stopping.abort();
    this.wake.notify();
    await this.closeListener?.();
    await this.fetching;
  }

  async beforeApplicationShutdown(): Promise<void> {
    await Promise.race([Promise.all(this.running), after(this.server.drainTimeoutMs)]);
    if (this.running.size > 0) {
      this.logger.warn({ event: 'jobs.drain_timeout', running: this.running.size });
    }
    clearInterval(this.heartbeat);
  }

  private hear(word: string): void {
    const stopped = readStop(word);
    if (stopped) this.stop(stopped);
    else if (word === QUEUE) this.wake.notify();
  }

  private async carryOut(
    held: Held,
    data: RunJob,
    work: (context: ClaimContext) => Promise<void>,
  ): Promise<void> {
    const context = { claim: held, signal: held.lost.signal, draining: this.stopping.signal };
    try {
      await work(context);
      if (this.holds(held)) await this.jobs.end(QUEUE, held);
    } catch (error) {
      await this.giveBack(held, data, error);
    } finally {
      this.letGo(held);
    }
  }

  private async giveBack(held: Held, data: RunJob, error: unknown): Promise<void> {
    // Its job went with the run.
    if (held.lost.signal.reason instanceof RunStopped) return;
    if (held.lost.signal.aborted) {
      this.logger.warn({ event: 'jobs.lost', job: QUEUE, runId: data.runId });
      return;
    }
    if (!(error instanceof HandBack)) {
      this.logger.error({ event: 'jobs.failed', job: QUEUE, runId: data.runId, err: error });
      // The job is given out again at once; a fault that persists must not spin.
      await after(1_000);
    }
    try {
      await this.jobs.giveBack(QUEUE, held, error);
    } catch (fault) {
      // Without a heartbeat it is given out again anyway.
      this.logger.warn({ event: 'jobs.not_given_back', runId: data.runId, err: fault });
    }
  }

  private async fetchForEver(): Promise<void> {
    while (!this.stopping.signal.aborted) {
      const asked = this.wake.next(this.config.pollingIntervalSeconds * 1_000);
      const room = this.room();
      const fetched = room > 0 ? await this.fetch(room) : [];
      for (const job of fetched) this.take(job);
      // As many as there was room for: there may be more, and the next slot that falls free shall look.
      if (fetched.length < room || this.room() <= 0) await asked;
    }
  }

  private async fetch(room: number): Promise<readonly FetchedJob[]> {
    try {
      return await this.jobs.sql<FetchedJob>(FAIR_FETCH, [
        QUEUE,
        room,
        this.shareOfTenant(),
        this.config.tenantConcurrency ?? null,
        JSON.stringify(Object.fromEntries(this.heldByTenant)),
      ]);
    } catch (error) {
      this.logger.warn({ event: 'jobs.error', reason: (error as Error).message });
      await after(1_000);
      return [];
    }
  }

  private take(job: FetchedJob): void {
    const data = job.data as RunJob;
    const held: Held = {
      id: job.id,
      tenantId: data.tenantId,
      attempt: job.retry_count,
      lost: new AbortController(),
      committed: true,
    };
    this.hold(held);
    const { handler } = this;
    if (handler) this.run(held, data, (context) => handler(data, context));
  }

  /** Renews every lease in one statement. A job that was not there any more belongs to somebody else. */
  private async renew(): Promise<void> {
    const mine = [...this.held.values()].filter((held) => held.committed);
    if (mine.length === 0) return;
    try {
      const kept = await this.jobs.renew(QUEUE, mine);
      for (const held of mine) {
        if (!kept.has(held.id) && this.holds(held)) held.lost.abort();
      }
    } catch (error) {
      // What cannot be asked is not lost yet; the run's version keeps a loser from committing.
      this.logger.warn({ event: 'jobs.not_renewed', reason: (error as Error).message });
    }
  }

  private room(): number {
    return this.config.concurrency - this.held.size;
  }

  /** Some slots always stay for the others. */
  private shareOfTenant(): number {
    return Math.max(1, Math.floor(this.config.concurrency * this.config.tenantShare));
  }

  private hold(held: Held): void {
    // A job whose lease ran out may come back to the process that had it: the turn before has lost it.
    const before = this.held.get(held.id);
    if (before) {
      before.lost.abort();
      this.letGo(before);
    }
    this.held.set(held.id, held);
    this.heldByTenant.set(held.tenantId, (this.heldByTenant.get(held.tenantId) ?? 0) + 1);
  }

  /** Whether it is this very turn that has the job, not a later one of the same job. */
  private holds(claim: Claim): boolean {
    return this.held.get(claim.id) === claim;
  }

  private letGo(claim: Claim): void {
    if (!this.holds(claim)) return;
    const wasFull = this.room() <= 0;
    this.held.delete(claim.id);
    const left = (this.heldByTenant.get(claim.tenantId) ?? 1) - 1;
    if (left > 0) this.heldByTenant.set(claim.tenantId, left);
    else this.heldByTenant.delete(claim.tenantId);
    if (wasFull || left + 1 >= this.shareOfTenant()) this.wake.notify();
  }
}

function after(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds).unref();
  });
}
