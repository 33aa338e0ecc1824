import { Inject, Injectable } from '@nestjs/common';
import type { Principal } from '../auth/principal.js';
import { AppError } from '../kernel/app-error.js';
import { CLOCK, type Clock } from '../kernel/clock.js';
import { changeOf, joinChanges } from '../workflow/runs/run-change.js';
import { allSettled, isAllSettled, outcomesOf, type Settlement } from './delivery-changes.js';
import { DeliveryRecorder } from './delivery-recorder.service.js';
import { DeliveryRepository, type DeliveryRow } from './delivery.repository.js';

const STATUS_OF = { delivered: 'sent', failed: 'failed', resend: 'pending' } as const;

/** Lets a person say what became of a delivery that the program cannot know about. */
@Injectable()
export class SettlementService {
  constructor(
    private readonly recorder: DeliveryRecorder,
    private readonly deliveries: DeliveryRepository,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** @throws AppError DELIVERY_NOT_FOUND, DELIVERY_NOT_UNCERTAIN. */
  async settle(principal: Principal, id: string, outcome: keyof typeof STATUS_OF): Promise<DeliveryRow> {
    const known = await this.recorder.read(principal.tenantId, (trx) => this.deliveries.find(trx, id));
    if (!known) throw new AppError('DELIVERY_NOT_FOUND');
    const status = STATUS_OF[outcome];
    const settled = await this.recorder.record(principal.tenantId, known.run_id, async (trx) => {
      const delivery = await this.deliveries.find(trx, id);
      if (delivery?.status !== 'uncertain') throw new AppError('DELIVERY_NOT_UNCERTAIN');
      const now = this.clock.now();
      const settlement: Settlement = { delivery, status, detail: null };
      await this.deliveries.settle(trx, delivery, { status, detail: null, settledBy: principal.id }, now);
      const counts = await this.deliveries.counts(trx, delivery.run_id);
      const recorded = outcomesOf([settlement], counts, now, now, { type: 'apiKey', ref: principal.id });
      const consequence = isAllSettled(counts)
        ? allSettled(counts)
        : changeOf({ jobs: outcome === 'resend' ? [{ name: 'delivery.deliver' }] : [] });
      return { change: joinChanges(recorded, consequence), result: await this.deliveries.find(trx, id) };
    });
    if (!settled) throw new AppError('DELIVERY_NOT_FOUND');
    return settled;
  }
}
