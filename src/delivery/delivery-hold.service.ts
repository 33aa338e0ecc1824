import { Injectable } from '@nestjs/common';
import { isEnded } from '../compliance/state/phases.js';
import type { DeliveryJob } from '../jobs/job-catalogue.js';
import { JobsService } from '../jobs/jobs.service.js';
import { changeOf } from '../workflow/runs/run-change.js';
import { DELIVERY_ACTOR } from './delivery-changes.js';
import { DeliveryRecorder } from './delivery-recorder.service.js';

/** How long until it is looked again whether safe mode was lifted. */
const RECHECK_SECONDS = 3;

/** Keeps the messages of a run until safe mode is lifted: nothing is sent, and nothing is lost. */
@Injectable()
export class DeliveryHold {
  constructor(
    private readonly recorder: DeliveryRecorder,
    private readonly jobs: JobsService,
  ) {}

  /** Puts the job off. The run says so once. */
  async hold({ tenantId, runId, held }: DeliveryJob): Promise<void> {
    const later: DeliveryJob = { tenantId, runId, held: true };
    const options = { startAfter: RECHECK_SECONDS };
    if (held) {
      await this.recorder.read(tenantId, (trx) => this.jobs.enqueue(trx, 'delivery.deliver', later, options));
      return;
    }
    await this.recorder.record(tenantId, runId, async (trx, run) => {
      if (isEnded(run.status)) return undefined;
      await this.jobs.enqueue(trx, 'delivery.deliver', later, options);
      return {
        change: changeOf({
          events: [{ type: 'delivery.held', data: { reason: 'safe_mode' } }],
          facts: [{ type: 'delivery.held', outcome: 'unknown', actor: DELIVERY_ACTOR }],
        }),
        result: undefined,
      };
    });
  }
}
