import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import type { AppConfig } from '../../config/app-config.js';
import { InjectConfig } from '../../config/inject-config.js';
import { Repeated } from '../../kernel/repeated.js';
import { TrailRetentionPass } from './trail-retention-pass.service.js';

/** Not at once: a process that has just started has better things to do. */
const FIRST_PASS_MS = 10 * 60_000;

/** Starts a pass every so often, in processes that do work. */
@Injectable()
export class TrailRetentionSchedule implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger(TrailRetentionSchedule.name);
  private readonly intervalMs: number;
  private readonly passes: Repeated;

  constructor(
    private readonly pass: TrailRetentionPass,
    @InjectConfig('server') private readonly server: AppConfig['server'],
    @InjectConfig('audit') { retentionIntervalMinutes }: AppConfig['audit'],
  ) {
    this.intervalMs = retentionIntervalMinutes * 60_000;
    this.passes = new Repeated(this.intervalMs, (signal) => this.runOnce(signal));
  }

  onApplicationBootstrap(): void {
    if (this.server.role !== 'api') this.passes.start(Math.min(this.intervalMs, FIRST_PASS_MS));
  }

  /** Ends the pass after the day under way. */
  onModuleDestroy(): Promise<void> {
    return this.passes.stop();
  }

  private async runOnce(signal: AbortSignal): Promise<void> {
    try {
      const result = await this.pass.run(signal);
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
  }
}
