import { Inject, Injectable } from '@nestjs/common';
import type { Principal } from '../auth/principal.js';
import type { AuditEventType } from '../compliance/audit/audit-event-types.js';
import type { AuditNote } from '../compliance/audit/audit-leaf.js';
import { AuditTrail } from '../compliance/audit/audit-trail.service.js';
import type { AppConfig } from '../config/app-config.js';
import { InjectConfig } from '../config/inject-config.js';
import { DatabaseService } from '../database/database.service.js';
import type { Trx } from '../database/trx.js';
import { JobsService } from '../jobs/jobs.service.js';
import { AppError } from '../kernel/app-error.js';
import { CLOCK, type Clock } from '../kernel/clock.js';
import { isId, newId } from '../kernel/ids.js';
import { RunPreflight } from '../workflow/admission/run-preflight.service.js';
import { FireRepository } from './fire.repository.js';
import { FireOutcomes } from './firing/fire-outcomes.service.js';
import type { Overlap, Schedule } from './schedule.js';
import { ScheduleOwners } from './schedule-owners.service.js';
import { type ScheduleChange, ScheduleRepository } from './schedule.repository.js';
import { timingFaults } from './schedule-rules.js';
import { ScheduleSeal } from './schedule-seal.js';
import { nextFireTime, wakeTimeOf } from './timing/due-times.js';

/** What a schedule is made of. */
export interface ScheduleRequest {
  readonly name: string;
  readonly definition: string;
  readonly version: number | null;
  readonly sessionId: string;
  readonly input: Record<string, unknown>;
  readonly attributes: Readonly<Record<string, string>>;
  readonly cron: string;
  readonly timeZone: string;
  readonly overlap: Overlap;
  readonly catchUpWindowSeconds: number;
  readonly jitterSeconds: number;
  readonly startAt: Date | null;
  readonly endAt: Date | null;
  readonly paused: boolean;
}

/** What is to be different; everything but the definition may be. */
export type ScheduleEdit = Partial<Omit<ScheduleRequest, 'definition'>>;

type Settle = (trx: Trx, schedule: Schedule) => Promise<void>;

/** Schedules as people make and change them. */
@Injectable()
export class ScheduleService {
  constructor(
    private readonly database: DatabaseService,
    private readonly schedules: ScheduleRepository,
    private readonly fires: FireRepository,
    private readonly outcomes: FireOutcomes,
    private readonly owners: ScheduleOwners,
    private readonly preflight: RunPreflight,
    private readonly seal: ScheduleSeal,
    private readonly jobs: JobsService,
    private readonly audit: AuditTrail,
    @InjectConfig('schedules') private readonly config: AppConfig['schedules'],
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * Makes a schedule that belongs to the caller.
   *
   * @param settle work that has to commit together with it.
   * @throws AppError FORBIDDEN, VALIDATION_FAILED, SESSION_NOT_FOUND, SESSION_EXPIRED, DEFINITION_NOT_FOUND,
   *   SCHEDULE_NAME_TAKEN, SCHEDULE_QUOTA_EXCEEDED.
   */
  async create(
    principal: Principal,
    requestId: string,
    request: ScheduleRequest,
    settle: Settle,
  ): Promise<Schedule> {
    const { tenantId } = principal;
    const now = this.clock.now();
    const { input, version, ...rest } = request;
    const id = newId();
    const draft: Schedule = {
      ...rest,
      id,
      tenantId,
      ownerId: principal.id,
      definitionVersion: version,
      sealedInput: this.seal.seal(tenantId, id, input),
      pauseReason: request.paused ? 'REQUESTED' : null,
      nextFireAt: null,
      wakeAt: null,
      counts: { started: 0, skipped: 0, missed: 0, denied: 0 },
      createdAt: now,
      updatedAt: now,
      deletedAt: null,
    };
    this.refuseBadTiming(draft, now);
    await this.owners.refuseUnfit(principal, request.overlap);
    await this.preflight.check(principal, { ...request, version: version ?? undefined });
    const schedule = { ...draft, ...planOf(draft, now) };
    return this.transact(tenantId, async (trx) => {
      if ((await this.schedules.countForAdding(trx, tenantId)) >= this.config.maxPerTenant) {
        throw new AppError('SCHEDULE_QUOTA_EXCEEDED', {
          detail: `There are ${this.config.maxPerTenant} already; delete one first.`,
        });
      }
      await this.refuseTakenName(trx, schedule.name, id);
      await this.schedules.insert(trx, schedule);
      const detail = { ...describe(schedule), input: this.seal.fingerprint(tenantId, input) };
      await this.record(trx, principal, requestId, schedule, { type: 'schedule.created', detail });
      await this.orderWake(trx, schedule);
      await settle(trx, schedule);
      return schedule;
    });
  }

  /**
   * Changes a schedule; what is not named stays as it is. The owner may change everything, others may only pause it.
   *
   * @throws AppError SCHEDULE_NOT_FOUND, and what `create` throws.
   */
  async update(principal: Principal, requestId: string, id: string, edit: ScheduleEdit): Promise<Schedule> {
    const isPauseOnly = edit.paused === true && Object.keys(edit).length === 1;
    if (isPauseOnly) return this.pause(principal, requestId, id);
    const known = await this.owners.getOwned(principal, requestId, id);
    await this.owners.refuseUnfit(principal, edit.overlap ?? known.overlap);
    await this.checkContent(principal, known, edit);
    const change = this.changeOf(known, edit);
    return this.transact(principal.tenantId, async (trx) => {
      const before = await this.lock(trx, id);
      const now = this.clock.now();
      const edited = { ...before, ...change };
      if (touchesTiming(edit)) this.refuseBadTiming(edited, now);
      if (edit.name !== undefined) await this.refuseTakenName(trx, edit.name, id);
      const isReplanned = touchesTiming(edit) || before.paused !== edited.paused;
      const plan = isReplanned ? planOf(edited, now) : {};
      await this.schedules.update(trx, id, { ...change, ...plan }, now);
      const schedule = { ...edited, ...plan, updatedAt: now };
      const detail = {
        ...describe(schedule),
        changed: Object.keys(edit).sort().join(' '),
        ...(edit.input && { input: this.seal.fingerprint(principal.tenantId, edit.input) }),
      };
      await this.record(trx, principal, requestId, schedule, { type: 'schedule.updated', detail });
      if (isReplanned) await this.orderWake(trx, schedule);
      return schedule;
    });
  }

  /** Deletes a schedule with its input; what it started stays. @throws AppError SCHEDULE_NOT_FOUND. */
  async delete(principal: Principal, requestId: string, id: string): Promise<void> {
    await this.transact(principal.tenantId, async (trx) => {
      const schedule = await this.lock(trx, id);
      for (const fire of await this.fires.listOpen(trx, id)) {
        await this.outcomes.settle(trx, schedule, fire, { outcome: 'skipped', code: 'DELETED' });
      }
      const now = this.clock.now();
      const gone = { deletedAt: now, sealedInput: null, nextFireAt: null, wakeAt: null };
      await this.schedules.update(trx, id, gone, now);
      await this.record(trx, principal, requestId, schedule, { type: 'schedule.deleted' });
    });
  }

  /** Stopping is safe, so whoever may write schedules may do it. */
  private pause(principal: Principal, requestId: string, id: string): Promise<Schedule> {
    return this.transact(principal.tenantId, async (trx) => {
      const before = await this.lock(trx, id);
      if (before.paused) return before;
      const now = this.clock.now();
      const change = { paused: true, pauseReason: 'REQUESTED', nextFireAt: null, wakeAt: null };
      await this.schedules.update(trx, id, change, now);
      await this.record(trx, principal, requestId, before, { type: 'schedule.paused' });
      return { ...before, ...change, updatedAt: now };
    });
  }

  private async checkContent(principal: Principal, known: Schedule, edit: ScheduleEdit): Promise<void> {
    const { input, version, sessionId, attributes } = edit;
    if ([input, version, sessionId, attributes].every((part) => part === undefined)) return;
    await this.preflight.check(principal, {
      definition: known.definition,
      version: (version === undefined ? known.definitionVersion : version) ?? undefined,
      sessionId,
      input: input ?? this.seal.open(known),
      attributes: attributes ?? known.attributes,
    });
  }

  private changeOf(known: Schedule, edit: ScheduleEdit): ScheduleChange {
    const { input, version, ...rest } = edit;
    return {
      ...rest,
      ...(version !== undefined && { definitionVersion: version }),
      ...(input && { sealedInput: this.seal.seal(known.tenantId, known.id, input) }),
      ...(rest.paused !== undefined && { pauseReason: rest.paused ? 'REQUESTED' : null }),
    };
  }

  private refuseBadTiming(schedule: Schedule, now: Date): void {
    const errors = timingFaults(schedule, this.config.minIntervalSeconds, now);
    if (errors.length > 0) throw new AppError('VALIDATION_FAILED', { errors });
  }

  private async refuseTakenName(trx: Trx, name: string, id: string): Promise<void> {
    if (await this.schedules.isNameTaken(trx, name, id)) throw new AppError('SCHEDULE_NAME_TAKEN');
  }

  private async lock(trx: Trx, id: string): Promise<Schedule> {
    const schedule = isId(id) ? await this.schedules.lock(trx, id) : undefined;
    if (!schedule) throw new AppError('SCHEDULE_NOT_FOUND');
    return schedule;
  }

  private async orderWake(trx: Trx, { tenantId, id, wakeAt }: Schedule): Promise<void> {
    if (!wakeAt) return;
    await this.jobs.enqueue(trx, 'schedule.wake', { tenantId, scheduleId: id }, { startAfter: wakeAt });
  }

  private async record(
    trx: Trx,
    principal: Principal,
    requestId: string,
    { id }: Schedule,
    note: AuditNote<Extract<AuditEventType, `schedule.${string}`>>,
  ): Promise<void> {
    await this.audit.append(trx, principal.tenantId, {
      ...note,
      outcome: 'success',
      actor: { type: 'apiKey', ref: principal.id },
      targets: [{ type: 'schedule', ref: id }],
      context: { requestId },
    });
  }

  /** Two requests may take the same name at the same moment; the database lets one through. */
  private async transact<T>(tenantId: string, work: (trx: Trx) => Promise<T>): Promise<T> {
    try {
      return await this.database.withTenant(tenantId, work);
    } catch (error) {
      if ((error as { constraint?: string }).constraint !== 'schedule_name') throw error;
      throw new AppError('SCHEDULE_NAME_TAKEN', { cause: error });
    }
  }
}

/** When it fires next, counted from now: what went by while it was paused is not made up for. */
function planOf(schedule: Schedule, now: Date): Pick<Schedule, 'nextFireAt' | 'wakeAt'> {
  const next = schedule.paused ? undefined : nextFireTime(schedule, now);
  return { nextFireAt: next ?? null, wakeAt: next ? wakeTimeOf(schedule, next) : null };
}

function touchesTiming(edit: ScheduleEdit): boolean {
  return (['cron', 'timeZone', 'startAt', 'endAt', 'jitterSeconds'] as const).some(
    (field) => edit[field] !== undefined,
  );
}

/** What the trail says of a schedule: nothing a person has written but what was checked to be no text. */
function describe(schedule: Schedule) {
  return {
    definition: schedule.definition,
    version: String(schedule.definitionVersion ?? 'newest'),
    session: schedule.sessionId,
    cron: schedule.cron,
    timeZone: schedule.timeZone,
    overlap: schedule.overlap,
    catchUpWindowSeconds: schedule.catchUpWindowSeconds,
    paused: schedule.paused,
  };
}
