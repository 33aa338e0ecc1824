import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import type { AppConfig } from '../../config/app-config.js';
import { InjectConfig } from '../../config/inject-config.js';
import { Repeated } from '../../kernel/repeated.js';
import { RetentionPass } from './retention-pass.service.js';

const FIRST_PASS_MS = 60_000;

/** Starts a pass every so often, in processes that do work. */
@Injectable()
export class RetentionSchedule implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger(RetentionSchedule.name);
  private readonly intervalMs: number;
  private readonly passes: Repeated;

  constructor(
    private readonly pass: RetentionPass,
    @InjectConfig('server') private readonly server: AppConfig['server'],
    @InjectConfig('retention') { intervalMinutes }: AppConfig['retention'],
  ) {
    this.intervalMs = intervalMinutes * 60_000;
    this.passes = new Repeated(this.intervalMs, (signal) => this.runOnce(signal));
  }

  onApplicationBootstrap(): void {
    // Early, because a process may be replaced more often than the interval comes round.
    if (this.server.role !== 'api') this.passes.start(Math.min(this.intervalMs, FIRST_PASS_MS));
  }

  /** Ends the pass after the batch under way: what is left is still due at the next one. */
  onModuleDestroy(): Promise<void> {
    return this.passes.stop();
  }

  private async runOnce(signal: AbortSignal): Promise<void> {
    try {
      const result = await this.pass.run(signal);
      if (result && result.runs + result.contents > 0) {
        this.logger.log({ event: 'retention.purged', ...result }, 'runs whose time is over are removed');
      }
    } catch (error) {
      this.logger.warn({ event: 'retention.pass_failed', err: error }, 'runs that are due stay for now');
    }
  }
}
