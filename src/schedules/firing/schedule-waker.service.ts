import { Injectable } from '@nestjs/common';
import type { ScheduleJob } from '../../jobs/job-catalogue.js';
import { HandBack, type JobContext } from '../../jobs/jobs.service.js';
import { DueFires } from './due-fires.service.js';
import { FireStarter } from './fire-starter.service.js';

/** What a job of a schedule does: take up what is due, then carry out what is open. */
@Injectable()
export class ScheduleWaker {
  constructor(
    private readonly due: DueFires,
    private readonly starter: FireStarter,
  ) {}

  /** @throws HandBack when the process stops before everything is carried out. */
  async wake({ tenantId, scheduleId }: ScheduleJob, { signal, draining }: JobContext): Promise<void> {
    await this.due.takeUp(tenantId, scheduleId);
    while (await this.starter.carryOutNext(tenantId, scheduleId)) {
      signal.throwIfAborted();
      if (draining.aborted) throw new HandBack();
    }
  }
}
