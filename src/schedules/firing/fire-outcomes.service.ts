import { Inject, Injectable, Logger } from '@nestjs/common';
import type { AuditFact } from '../../compliance/audit/audit-leaf.js';
import { AuditTrail } from '../../compliance/audit/audit-trail.service.js';
import type { Trx } from '../../database/trx.js';
import { CLOCK, type Clock } from '../../kernel/clock.js';
import { type FireEnd, FireRepository } from '../fire.repository.js';
import type { Fire, OwnerFault, Schedule } from '../schedule.js';
import { ScheduleRepository } from '../schedule.repository.js';

/** Actor of what nobody asked for at that moment. */
export const SCHEDULER = { type: 'system', ref: 'scheduler' } as const;

/** Writes down what became of fires: the row, the count, the record. The schedule is locked by the caller. */
@Injectable()
export class FireOutcomes {
  private readonly logger = new Logger(FireOutcomes.name);

  constructor(
    private readonly schedules: ScheduleRepository,
    private readonly fires: FireRepository,
    private readonly audit: AuditTrail,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Ends an open fire. False, and nothing is written, when it has an outcome already. */
  async settle(trx: Trx, schedule: Schedule, fire: Fire, end: FireEnd): Promise<boolean> {
    if (!(await this.fires.settle(trx, fire.id, end, this.clock.now()))) return false;
    await this.schedules.addToCount(trx, schedule.id, end.outcome, 1);
    await this.audit.append(trx, schedule.tenantId, factOf(schedule, fire, end));
    this.logger.log({
      event: `schedule.fire_${end.outcome}`,
      scheduleId: schedule.id,
      fireId: fire.id,
      code: end.code,
      runId: end.runId,
    });
    return true;
  }

  /** Stops a schedule whose owner may not act any more. */
  async pauseFor(trx: Trx, schedule: Schedule, fault: OwnerFault): Promise<void> {
    if (schedule.paused) return;
    const stopped = { paused: true, pauseReason: fault, nextFireAt: null, wakeAt: null };
    await this.schedules.update(trx, schedule.id, stopped, this.clock.now());
    await this.audit.append(trx, schedule.tenantId, {
      type: 'schedule.paused',
      outcome: 'success',
      actor: SCHEDULER,
      code: fault,
      targets: [{ type: 'schedule', ref: schedule.id }],
    });
    this.logger.warn(
      { event: 'schedule.paused', scheduleId: schedule.id, reason: fault },
      'a schedule paused itself: its owner may not act any more',
    );
  }
}

function factOf(schedule: Schedule, fire: Fire, end: FireEnd): AuditFact {
  const target = { type: 'schedule', ref: schedule.id };
  return {
    type: TYPE_OF[end.outcome],
    outcome: end.outcome === 'denied' ? 'denied' : 'success',
    actor: SCHEDULER,
    code: end.code,
    targets: end.runId === undefined ? [target] : [target, { type: 'workflow', ref: end.runId }],
    context: { requestId: requestIdOf(fire) },
    detail: {
      fireId: fire.id,
      fireAt: fire.fireAt.toISOString(),
      trigger: fire.trigger,
      ...(end.rule !== undefined && { rule: end.rule }),
    },
  };
}

const TYPE_OF = {
  started: 'schedule.fired',
  skipped: 'schedule.skipped',
  missed: 'schedule.skipped',
  denied: 'schedule.denied',
} as const;

/** Joins the records of everything that one fire has caused. */
export function requestIdOf(fire: Fire): string {
  return `fire-${fire.id}`;
}
