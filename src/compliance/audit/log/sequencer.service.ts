import { setTimeout as delay } from 'node:timers/promises';
import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import type { AppConfig } from '../../../config/app-config.js';
import { InjectConfig } from '../../../config/inject-config.js';
import { DatabaseService } from '../../../database/database.service.js';
import { Metrics } from '../../../observability/metrics.js';
import { LogCheckpointer } from './log-checkpointer.service.js';
import { LogSealer } from './log-sealer.service.js';
import { LogStopped } from './log-stopped.js';
import { LogUpkeep } from './log-upkeep.service.js';
import { SealWatch } from './seal-watch.service.js';
import { SequencerRepository, type TenantQueue } from './sequencer.repository.js';

/** Events of this long are sealed together while they keep coming. */
const GATHER_MS = 100;
/** A record that has just been announced is about to be committed. */
const FIRST_LOOK_MS = 15;
/** How often an idle process looks for events that others have recorded. */
const IDLE_MS = 1_000;
/** How often every log is looked at, whether or not it grows. */
const UPKEEP_MS = 60_000;

/**
 * Seals what is recorded, on every replica that works. Awake while events come, it looks each tenth of a second; idle,
 * once a second. A record of this process wakes it without a word to the database.
 */
@Injectable()
export class Sequencer implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger(Sequencer.name);
  /** Logs that have grown since their last checkpoint. */
  private readonly grown = new Set<string>();
  /** When a checkpoint of a log was last tried. */
  private readonly signedMs = new Map<string, number>();
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
    this.running = this.server.role === 'api' ? this.observe() : this.run();
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
      await this.pause(IDLE_MS);
    }
  }

  private async run(): Promise<void> {
    for (let pauseMs = FIRST_LOOK_MS; !this.stopping.signal.aborted;) {
      const startedAt = performance.now();
      const called = this.watch.wake.next(pauseMs);
      await this.upkeepWhenDue();
      const { sealed, isFull } = await this.turn();
      if (sealed > 0) {
        pauseMs = FIRST_LOOK_MS;
        if (!isFull) await this.pause(GATHER_MS);
        continue;
      }
      await called;
      const wasCalled = performance.now() - startedAt < pauseMs - 1;
      if (wasCalled) await this.pause(FIRST_LOOK_MS);
      // A log without a checkpoint for its newest leaves is not idle yet.
      const longest = this.grown.size > 0 ? GATHER_MS : IDLE_MS;
      pauseMs = wasCalled ? FIRST_LOOK_MS : Math.min(pauseMs * 2, longest);
    }
  }

  private async turn(): Promise<{ sealed: number; isFull: boolean }> {
    let sealed = 0;
    let isFull = false;
    for (const { tenantId } of await this.look()) {
      if (this.stopping.signal.aborted) break;
      const batch = await this.guarded(tenantId, () => this.sealer.sealBatch(tenantId));
      if (!batch || batch.sealed === 0) continue;
      this.watch.resume(tenantId);
      this.grown.add(tenantId);
      sealed += batch.sealed;
      isFull ||= batch.isFull;
    }
    for (const tenantId of this.grown) {
      if (performance.now() - (this.signedMs.get(tenantId) ?? 0) < this.config.checkpointIntervalMs) continue;
      this.signedMs.set(tenantId, performance.now());
      const isCovered = await this.guarded(tenantId, () => this.checkpointer.checkpointWhenDue(tenantId));
      if (isCovered) this.grown.delete(tenantId);
    }
    return { sealed, isFull };
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
