import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import type { AppConfig } from '../../config/app-config.js';
import { InjectConfig } from '../../config/inject-config.js';
import { RetentionPass } from './retention-pass.service.js';

const FIRST_PASS_MS = 60_000;

/** Starts a pass every so often, in processes that do work. */
@Injectable()
export class RetentionSchedule implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger(RetentionSchedule.name);
  private readonly stopping = new AbortController();
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> = Promise.resolve();

  constructor(
    private readonly pass: RetentionPass,
    @InjectConfig('server') private readonly server: AppConfig['server'],
    @InjectConfig('retention') private readonly config: AppConfig['retention'],
  ) {}

  onApplicationBootstrap(): void {
    if (this.server.role === 'api') return;
    const intervalMs = this.config.intervalMinutes * 60_000;
    // Early, because a process may be replaced more often than the interval comes round.
    this.next(Math.min(intervalMs, FIRST_PASS_MS), intervalMs);
  }

  /** Ends the pass after the batch under way: what is left is still due at the next one. */
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
    await this.runOnce();
    if (!this.stopping.signal.aborted) this.next(intervalMs, intervalMs);
  }

  private async runOnce(): Promise<void> {
    try {
      const result = await this.pass.run(this.stopping.signal);
      if (result && result.runs + result.contents > 0) {
        this.logger.log({ event: 'retention.purged', ...result }, 'runs whose time is over are removed');
      }
    } catch (error) {
      this.logger.warn({ event: 'retention.pass_failed', err: error }, 'runs that are due stay for now');
    }
  }
}
