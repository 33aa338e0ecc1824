import { Inject, Injectable } from '@nestjs/common';
import { AuditTrail } from '../../compliance/audit/audit-trail.service.js';
import { DatabaseService } from '../../database/database.service.js';
import type { Trx } from '../../database/trx.js';
import { JobsService } from '../../jobs/jobs.service.js';
import { CLOCK, type Clock } from '../../kernel/clock.js';
import { newId } from '../../kernel/ids.js';
import { FireRepository, type NewFire } from '../fire.repository.js';
import type { Schedule } from '../schedule.js';
import { ScheduleRepository } from '../schedule.repository.js';
import { type DueTimes, takeDueTimes, wakeTimeOf } from '../timing/due-times.js';
import { SCHEDULER } from './fire-outcomes.service.js';

/** Woken earlier than this, a job was meant for a time that has changed; later, the clocks differ a little. */
const CLOCK_DIFFERENCE_MS = 10_000;

/**
 * Takes up fire times that have come: each becomes a row of its own, in the transaction that moves the schedule on
 * and orders its next waking. A process that dies afterwards leaves the row to be carried out.
 */
@Injectable()
export class DueFires {
  constructor(
    private readonly database: DatabaseService,
    private readonly schedules: ScheduleRepository,
    private readonly fires: FireRepository,
    private readonly jobs: JobsService,
    private readonly audit: AuditTrail,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Takes up everything that is due; in several transactions when a long time was missed. */
  async takeUp(tenantId: string, scheduleId: string): Promise<void> {
    while (await this.database.withTenant(tenantId, (trx) => this.takeUpSome(trx, scheduleId)));
  }

  /** Whether there is more. */
  private async takeUpSome(trx: Trx, scheduleId: string): Promise<boolean> {
    const schedule = await this.schedules.lock(trx, scheduleId);
    if (!schedule?.nextFireAt || !schedule.wakeAt) return false;
    const now = this.clock.now();
    if (schedule.wakeAt > now) {
      await this.wakeAgainIfSoon(trx, schedule, schedule.wakeAt.getTime() - now.getTime());
      return false;
    }
    const times = takeDueTimes(schedule, schedule.nextFireAt, now);
    await this.fires.add(
      trx,
      times.due.map((fireAt) => fireOf(schedule, fireAt, now)),
    );
    if (times.missed) await this.noteMissed(trx, schedule, times.missed, now);
    const wakeAt = times.next ? wakeTimeOf(schedule, times.next) : null;
    await this.schedules.advance(trx, schedule.id, times.next ?? null, wakeAt);
    if (wakeAt) await this.jobs.enqueue(trx, 'schedule.wake', jobOf(schedule), { startAfter: wakeAt });
    return wakeAt !== null && wakeAt <= now;
  }

  /** The queue goes by the clock of the database, which may be ahead of this one. */
  private async wakeAgainIfSoon(trx: Trx, schedule: Schedule, aheadMs: number): Promise<void> {
    if (aheadMs > CLOCK_DIFFERENCE_MS) return;
    const startAfter = Math.ceil(aheadMs / 1_000);
    await this.jobs.enqueue(trx, 'schedule.wake', jobOf(schedule), { startAfter });
  }

  private async noteMissed(
    trx: Trx,
    schedule: Schedule,
    { count, from, until }: NonNullable<DueTimes['missed']>,
    now: Date,
  ): Promise<void> {
    await this.fires.addMissed(trx, fireOf(schedule, from, now), count, until);
    await this.schedules.addToCount(trx, schedule.id, 'missed', count);
    await this.audit.append(trx, schedule.tenantId, {
      type: 'schedule.skipped',
      outcome: 'success',
      actor: SCHEDULER,
      code: 'MISSED',
      targets: [{ type: 'schedule', ref: schedule.id }],
      detail: { count, from: from.toISOString(), until: until.toISOString() },
    });
  }
}

function fireOf({ id: scheduleId, tenantId }: Schedule, fireAt: Date, createdAt: Date): NewFire {
  return { id: newId(), tenantId, scheduleId, fireAt, trigger: 'schedule', overlap: null, createdAt };
}

function jobOf({ tenantId, id }: Schedule) {
  return { tenantId, scheduleId: id };
}
