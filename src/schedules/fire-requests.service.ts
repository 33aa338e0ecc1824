import { Inject, Injectable } from '@nestjs/common';
import type { Principal } from '../auth/principal.js';
import type { AuditNote } from '../compliance/audit/audit-leaf.js';
import { AuditTrail } from '../compliance/audit/audit-trail.service.js';
import type { AppConfig } from '../config/app-config.js';
import { InjectConfig } from '../config/inject-config.js';
import { DatabaseService } from '../database/database.service.js';
import type { Trx } from '../database/trx.js';
import { JobsService } from '../jobs/jobs.service.js';
import { AppError } from '../kernel/app-error.js';
import { CLOCK, type Clock } from '../kernel/clock.js';
import { newId } from '../kernel/ids.js';
import { FireRepository } from './fire.repository.js';
import type { Fire, Overlap, Schedule } from './schedule.js';
import { ScheduleOwners } from './schedule-owners.service.js';
import { ScheduleRepository } from './schedule.repository.js';
import { fireTimesOf } from './timing/due-times.js';

/** Fire times of the past to be carried out. */
export interface BackfillRequest {
  readonly from: Date;
  readonly to: Date;
  readonly overlap: Overlap;
}

/** What became of the fire times a backfill names. */
export interface BackfillAnswer {
  readonly accepted: number;
  /** Left alone: a run was started for them, or they are under way. */
  readonly alreadyFired: number;
}

/** Fires that a person asks for. They work for a paused schedule too. */
@Injectable()
export class FireRequests {
  constructor(
    private readonly database: DatabaseService,
    private readonly schedules: ScheduleRepository,
    private readonly fires: FireRepository,
    private readonly owners: ScheduleOwners,
    private readonly jobs: JobsService,
    private readonly audit: AuditTrail,
    @InjectConfig('schedules') private readonly config: AppConfig['schedules'],
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * Fires a schedule now, beside its own times.
   *
   * @param overlap null: as the schedule says.
   * @param settle work that has to commit together with it.
   * @throws AppError SCHEDULE_NOT_FOUND, FORBIDDEN.
   */
  async trigger(
    principal: Principal,
    requestId: string,
    id: string,
    overlap: Overlap | null,
    settle: (trx: Trx, fire: Fire) => Promise<void>,
  ): Promise<Fire> {
    const known = await this.owners.getOwned(principal, requestId, id);
    await this.owners.refuseUnfit(principal, overlap ?? known.overlap);
    return this.database.withTenant(principal.tenantId, async (trx) => {
      const schedule = await this.lock(trx, id);
      const fire = await this.addNow(trx, schedule, overlap);
      const detail = { fireId: fire.id, fireAt: fire.fireAt.toISOString() };
      await this.record(trx, principal, requestId, schedule, { type: 'schedule.triggered', detail });
      await settle(trx, fire);
      return fire;
    });
  }

  /**
   * Carries out fire times of the past, in order, those that were skipped, missed or denied included.
   *
   * @throws AppError SCHEDULE_NOT_FOUND, FORBIDDEN, VALIDATION_FAILED for times to come or too many of them.
   */
  async backfill(
    principal: Principal,
    requestId: string,
    id: string,
    request: BackfillRequest,
    settle: (trx: Trx, answer: BackfillAnswer) => Promise<void>,
  ): Promise<BackfillAnswer> {
    const known = await this.owners.getOwned(principal, requestId, id);
    await this.owners.refuseUnfit(principal, request.overlap);
    const times = this.timesOf(known, request);
    return this.database.withTenant(principal.tenantId, async (trx) => {
      const schedule = await this.lock(trx, id);
      const { overlap } = request;
      const createdAt = this.clock.now();
      const wanted = times.map((fireAt) => ({
        ...newFire(schedule, fireAt, createdAt),
        trigger: 'backfill' as const,
        overlap,
      }));
      const accepted = await this.fires.addOrRepeat(trx, wanted);
      const answer = { accepted, alreadyFired: times.length - accepted };
      const detail = {
        from: request.from.toISOString(),
        to: request.to.toISOString(),
        overlap,
        ...answer,
      };
      await this.record(trx, principal, requestId, schedule, { type: 'schedule.backfilled', detail });
      await settle(trx, answer);
      return answer;
    });
  }

  private timesOf(schedule: Schedule, { from, to }: BackfillRequest): Date[] {
    if (to > this.clock.now()) throw refused('to', 'must not lie in the future');
    if (from > to) throw refused('from', 'must not come after to');
    const times: Date[] = [];
    for (const at of fireTimesOf(schedule, new Date(from.getTime() - 1))) {
      if (at > to) break;
      if (times.length === this.config.maxBackfill) {
        throw refused('to', `covers more than ${this.config.maxBackfill} fire times; take several steps`);
      }
      times.push(at);
    }
    return times;
  }

  /** Two requests in one millisecond are two fires. The schedule is locked, so the next free one stays free. */
  private async addNow(trx: Trx, schedule: Schedule, overlap: Overlap | null): Promise<Fire> {
    const now = this.clock.now();
    for (let fireAt = now; ; fireAt = new Date(fireAt.getTime() + 1)) {
      const fire = { ...newFire(schedule, fireAt, now), trigger: 'manual' as const, overlap };
      if ((await this.fires.add(trx, [fire])) === 1) return fire;
    }
  }

  private async lock(trx: Trx, id: string): Promise<Schedule> {
    const schedule = await this.schedules.lock(trx, id);
    if (!schedule) throw new AppError('SCHEDULE_NOT_FOUND');
    return schedule;
  }

  /** Records the request and wakes the schedule. */
  private async record(
    trx: Trx,
    principal: Principal,
    requestId: string,
    { tenantId, id }: Schedule,
    note: AuditNote<'schedule.triggered' | 'schedule.backfilled'>,
  ): Promise<void> {
    await this.audit.append(trx, tenantId, {
      ...note,
      outcome: 'success',
      actor: { type: 'apiKey', ref: principal.id },
      targets: [{ type: 'schedule', ref: id }],
      context: { requestId },
    });
    await this.jobs.enqueue(trx, 'schedule.wake', { tenantId, scheduleId: id });
  }
}

function newFire(
  { tenantId, id: scheduleId }: Schedule,
  fireAt: Date,
  createdAt: Date,
): Omit<Fire, 'trigger' | 'overlap'> {
  return {
    id: newId(),
    tenantId,
    scheduleId,
    fireAt,
    outcome: 'pending',
    code: null,
    rule: null,
    count: 1,
    untilAt: null,
    runId: null,
    attempts: 0,
    retryAt: null,
    createdAt,
    settledAt: null,
  };
}

function refused(path: string, message: string): AppError {
  return new AppError('VALIDATION_FAILED', { errors: [{ path, message }] });
}
