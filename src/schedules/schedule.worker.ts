import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import type { AppConfig } from '../config/app-config.js';
import { InjectConfig } from '../config/inject-config.js';
import { JobsService } from '../jobs/jobs.service.js';
import { ScheduleSweep } from './firing/schedule-sweep.service.js';
import { ScheduleWaker } from './firing/schedule-waker.service.js';

/** Takes the jobs of schedules from the queue. */
@Injectable()
export class ScheduleWorker implements OnApplicationBootstrap {
  constructor(
    private readonly jobs: JobsService,
    private readonly waker: ScheduleWaker,
    private readonly sweep: ScheduleSweep,
    @InjectConfig('server') private readonly server: AppConfig['server'],
    @InjectConfig('schedules') private readonly config: AppConfig['schedules'],
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    if (this.server.role === 'api') return;
    await this.jobs.handle('schedule.wake', this.config.concurrency, (job, context) =>
      this.waker.wake(job, context),
    );
    await this.jobs.handle('schedule.sweep', 1, () => this.sweep.sweep());
    await this.sweep.begin();
  }
}
