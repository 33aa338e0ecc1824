import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import type { AppConfig } from '../../config/app-config.js';
import { InjectConfig } from '../../config/inject-config.js';
import { OrphanSweep } from './orphan-sweep.service.js';

/** Looks for runs without a job every so often. By a timer, because a job for it could be lost like the others. */
@Injectable()
export class OrphanSweepSchedule implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger(OrphanSweepSchedule.name);
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> = Promise.resolve();
  private isStopping = false;

  constructor(
    private readonly orphans: OrphanSweep,
    @InjectConfig('server') private readonly server: AppConfig['server'],
    @InjectConfig('workflow') private readonly config: AppConfig['workflow'],
  ) {}

  onApplicationBootstrap(): void {
    if (this.server.role !== 'api') this.next();
  }

  async onModuleDestroy(): Promise<void> {
    this.isStopping = true;
    clearTimeout(this.timer);
    await this.running;
  }

  private next(): void {
    this.timer = setTimeout(() => {
      this.running = this.sweepThenWait();
    }, this.config.orphanSweepSeconds * 1_000).unref();
  }

  private async sweepThenWait(): Promise<void> {
    try {
      await this.orphans.sweep(this.config.orphanSweepSeconds);
    } catch (error) {
      this.logger.warn(
        { event: 'workflow.orphan_sweep_failed', err: error },
        'lost runs are looked for later',
      );
    }
    if (!this.isStopping) this.next();
  }
}
