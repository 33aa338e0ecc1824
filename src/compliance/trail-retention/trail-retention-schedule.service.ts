import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import type { AppConfig } from '../../config/app-config.js';
import { InjectConfig } from '../../config/inject-config.js';
import { TrailRetentionPass } from './trail-retention-pass.service.js';

/** Not at once: a process that has just started has better things to do. */
const FIRST_PASS_MS = 10 * 60_000;

/** Starts a pass every so often, in processes that do work. */
@Injectable()
export class TrailRetentionSchedule implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger(TrailRetentionSchedule.name);
  private readonly stopping = new AbortController();
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> = Promise.resolve();

  constructor(
    private readonly pass: TrailRetentionPass,
    @InjectConfig('server') private readonly server: AppConfig['server'],
    @InjectConfig('audit') private readonly config: AppConfig['audit'],
  ) {}

  onApplicationBootstrap(): void {
    if (this.server.role === 'api') return;
    const intervalMs = this.config.retentionIntervalMinutes * 60_000;
    this.next(Math.min(intervalMs, FIRST_PASS_MS), intervalMs);
  }

  /** Ends the pass after the day under way. */
  async onModuleDestroy(): Promise<void> {
    clearTimeout(this.timer);
    this.stopping.abort();
    await this.running;
  }

  private next(delayMs: number, intervalMs: number): void {
    this.timer = setTimeout(() => {
      this.running = this.runThenWait(intervalMs);
    }, delayMs).unref();
  }

  private async runThenWait(intervalMs: number): Promise<void> {
    try {
      const result = await this.pass.run(this.stopping.signal);
      if (result && result.events > 0) {
        this.logger.log(
          { event: 'retention.trail_dropped', ...result },
          'records whose time is over are gone',
        );
      }
    } catch (error) {
      this.logger.warn(
        { event: 'retention.trail_pass_failed', err: error },
        'records that are due stay for now',
      );
    }
    if (!this.stopping.signal.aborted) this.next(intervalMs, intervalMs);
  }
}
