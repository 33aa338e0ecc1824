import { setTimeout as delay } from 'node:timers/promises';
import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import type { AppConfig } from '../../../config/app-config.js';
import { InjectConfig } from '../../../config/inject-config.js';
import { DatabaseService } from '../../../database/database.service.js';
import { Metrics } from '../../../observability/metrics.js';
import { LogCheckpointer } from './log-checkpointer.service.js';
import { LogSealer, type SealedBatch } from './log-sealer.service.js';
import { LogStopped } from './log-stopped.js';
import { LogUpkeep } from './log-upkeep.service.js';
import { SealWatch } from './seal-watch.service.js';
import { SequencerRepository, type TenantQueue } from './sequencer.repository.js';

/** Events of this long are sealed together while they keep coming. */
const GATHER_MS = 100;
/** Logs sealed in one transaction. */
const GROUP = 50;
/** A record that has just been announced is about to be committed. */
const FIRST_LOOK_MS = 15;
/**
 * How often an idle process looks for events that others have recorded. They do not call it: a word to the database at
 * each commit would make commits wait for each other.
 */
const IDLE_MS = 200;
/** The same of a process that only has to know how sealing goes. */
const OBSERVE_MS = 1_000;
/** How often it is looked which logs are due for a checkpoint. */
const SIGN_MS = 100;
/** How often every log is looked at, whether or not it grows. */
const UPKEEP_MS = 60_000;

/**
 * Seals what is recorded, on every replica that works. Awake while events come, it looks each tenth of a second; idle,
 * a fifth. A record of this process wakes it without a word to the database. Checkpoints are signed beside it: events
 * of one log do not wait for the signature of another.
 */
@Injectable()
export class Sequencer implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger(Sequencer.name);
  /** Logs that have grown since their last checkpoint. */
  private readonly grown = new Set<string>();
  /** When a checkpoint of a log was last tried. */
  private readonly signedMs = new Map<string, number>();
  /** Logs that had a fault when they were last tried: sealed each for itself. */
  private readonly suspects = new Set<string>();
  private nextUpkeepMs = 0;
  private hasKept = false;
  private readonly stopping = new AbortController();
  private running: Promise<void> = Promise.resolve();
  private isBlind = false;

  constructor(
    private readonly database: DatabaseService,
    private readonly repository: SequencerRepository,
    private readonly sealer: LogSealer,
    private readonly checkpointer: LogCheckpointer,
    private readonly upkeep: LogUpkeep,
    private readonly watch: SealWatch,
    private readonly metrics: Metrics,
    @InjectConfig('server') private readonly server: AppConfig['server'],
    @InjectConfig('audit') private readonly config: AppConfig['audit'],
  ) {}

  onApplicationBootstrap(): void {
    this.running = this.server.role === 'api' ? this.observe() : this.work();
  }

  async onModuleDestroy(): Promise<void> {
    this.stopping.abort();
    this.watch.wake.notify();
    await this.running;
  }

  /** Looks without sealing: a process that only serves must know whether recording may go on. */
  private async observe(): Promise<void> {
    while (!this.stopping.signal.aborted) {
      await this.look();
      await this.upkeepWhenDue();
      await this.pause(OBSERVE_MS);
    }
  }

  private async work(): Promise<void> {
    await Promise.all([this.seal(), this.sign()]);
  }

  private async sign(): Promise<void> {
    while (!this.stopping.signal.aborted) {
      await this.upkeepWhenDue();
      const due = [...this.grown].filter((tenantId) => this.isDue(tenantId));
      for (const tenantId of due) {
        if (this.stopping.signal.aborted) return;
        await this.signOne(tenantId);
      }
      await this.pause(SIGN_MS);
    }
  }

  private isDue(tenantId: string): boolean {
    return performance.now() - (this.signedMs.get(tenantId) ?? 0) >= this.config.checkpointIntervalMs;
  }

  private async signOne(tenantId: string): Promise<void> {
    this.signedMs.set(tenantId, performance.now());
    // Before it is signed: what is sealed meanwhile puts it back.
    this.grown.delete(tenantId);
    const isCovered = await this.guarded(tenantId, () => this.checkpointer.checkpointWhenDue(tenantId));
    if (!isCovered) this.grown.add(tenantId);
  }

  private async seal(): Promise<void> {
    for (let pauseMs = FIRST_LOOK_MS; !this.stopping.signal.aborted;) {
      const startedAt = performance.now();
      const called = this.watch.wake.next(pauseMs);
      const { sealed, isFull } = await this.turn();
      if (sealed > 0) {
        pauseMs = FIRST_LOOK_MS;
        if (!isFull) await this.pause(GATHER_MS);
        continue;
      }
      await called;
      const wasCalled = performance.now() - startedAt < pauseMs - 1;
      if (wasCalled) await this.pause(FIRST_LOOK_MS);
      pauseMs = wasCalled ? FIRST_LOOK_MS : Math.min(pauseMs * 2, IDLE_MS);
    }
  }

  private async turn(): Promise<{ sealed: number; isFull: boolean }> {
    const waiting = (await this.look()).map(({ tenantId }) => tenantId);
    const sound = waiting.filter((tenantId) => !this.suspects.has(tenantId));
    const doubtful = waiting.filter((tenantId) => this.suspects.has(tenantId));
    let sealed = 0;
    let isFull = false;
    const count = (batch: SealedBatch | undefined) => {
      if (!batch) return;
      sealed += batch.sealed;
      isFull ||= batch.isFull;
    };
    for (let from = 0; from < sound.length && !this.stopping.signal.aborted; from += GROUP) {
      const group = sound.slice(from, from + GROUP);
      try {
        count(this.grew(await this.sealer.sealTogether(group)));
      } catch {
        // One of them has a fault: each for itself, so that it shows which.
        for (const tenantId of group) count(await this.sealAlone(tenantId));
      }
    }
    for (const tenantId of doubtful) count(await this.sealAlone(tenantId));
    return { sealed, isFull };
  }

  private async sealAlone(tenantId: string): Promise<SealedBatch | undefined> {
    if (this.stopping.signal.aborted) return undefined;
    this.suspects.add(tenantId);
    return this.guarded(tenantId, async () => {
      const batch = await this.sealer.sealBatch(tenantId);
      this.suspects.delete(tenantId);
      return this.grew(batch);
    });
  }

  private grew(batch: SealedBatch): SealedBatch {
    for (const tenantId of batch.tenantIds) {
      this.watch.resume(tenantId);
      this.grown.add(tenantId);
    }
    return batch;
  }

  private async look(): Promise<readonly TenantQueue[]> {
    try {
      const queues = await this.database.withSequencer((trx) => this.repository.queues(trx));
      this.watch.observe(queues);
      this.isBlind = false;
      return queues;
    } catch (error) {
      if (!this.isBlind) {
        this.logger.warn({ event: 'audit.sequencer_blind', err: error }, 'no look at what is to be sealed');
      }
      this.isBlind = true;
      return [];
    }
  }

  private async upkeepWhenDue(): Promise<void> {
    if (performance.now() < this.nextUpkeepMs) return;
    this.nextUpkeepMs = performance.now() + UPKEEP_MS;
    const seals = this.server.role !== 'api';
    try {
      for (const head of await this.upkeep.heads()) {
        await this.guarded(head.tenantId, () => this.upkeep.inspect(head));
        if (seals && head.isGrown) this.grown.add(head.tenantId);
      }
      if (!seals) return;
      await this.upkeep.cosignIdle();
      // Not at the start, when nothing has been sealed by this process.
      if (this.hasKept) await this.upkeep.record();
      this.hasKept = true;
    } catch (error) {
      this.logger.warn({ event: 'audit.upkeep_failed', err: error }, 'logs are looked after a minute later');
    }
  }

  /** A fault of one log keeps no other from going on. */
  private async guarded<T>(tenantId: string, work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      const isStopped = error instanceof LogStopped;
      if (isStopped && this.watch.stopped.get(tenantId) !== error.message) {
        this.metrics.auditFaultFound();
        this.logger.fatal({ event: 'audit.log_stopped', tenantId, reason: error.message }, error.message);
      }
      if (isStopped) this.watch.stop(tenantId, error.message);
      else this.logger.warn({ event: 'audit.seal_failed', tenantId, err: error }, 'sealing is tried again');
      return undefined;
    }
  }

  private async pause(ms: number): Promise<void> {
    await delay(ms, undefined, { signal: this.stopping.signal }).catch(() => undefined);
  }
}
