import { Inject, Injectable, Logger } from '@nestjs/common';
import type { Principal } from '../../auth/principal.js';
import { ConsentService } from '../../compliance/consent/consent.service.js';
import { DatabaseService } from '../../database/database.service.js';
import type { Trx } from '../../database/trx.js';
import { JobsService } from '../../jobs/jobs.service.js';
import { AppError } from '../../kernel/app-error.js';
import { CLOCK, type Clock } from '../../kernel/clock.js';
import { SessionService } from '../../sessions/session.service.js';
import { RunAdmission } from '../../workflow/admission/run-admission.service.js';
import { RunControl } from '../../workflow/runs/run-control.service.js';
import { type FireEnd, FireRepository } from '../fire.repository.js';
import type { Fire, Schedule } from '../schedule.js';
import { ScheduleSeal } from '../schedule-seal.js';
import { ScheduleRepository } from '../schedule.repository.js';
import { type ChosenFire, FireChooser } from './fire-choice.service.js';
import { FireOutcomes, requestIdOf } from './fire-outcomes.service.js';

/** A fire that meets faults this often is given up. The pauses between double, and come to some 40 minutes. */
const MAX_ATTEMPTS = 12;
const LONGEST_PAUSE_SECONDS = 600;

/** The fire may not start any more, or has been started by somebody else: the transaction is given up. */
class FireLost extends Error {}

/** Carries fires out: one run for each, committed together with the word that it was started. */
@Injectable()
export class FireStarter {
  private readonly logger = new Logger(FireStarter.name);

  constructor(
    private readonly database: DatabaseService,
    private readonly chooser: FireChooser,
    private readonly schedules: ScheduleRepository,
    private readonly fires: FireRepository,
    private readonly outcomes: FireOutcomes,
    private readonly seal: ScheduleSeal,
    private readonly sessions: SessionService,
    private readonly consents: ConsentService,
    private readonly admission: RunAdmission,
    private readonly control: RunControl,
    private readonly jobs: JobsService,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Deals with one fire. False when there is none to be dealt with now. */
  async carryOutNext(tenantId: string, scheduleId: string): Promise<boolean> {
    const choice = await this.chooser.choose(tenantId, scheduleId);
    if (choice === undefined) return false;
    if (choice === 'settled') return true;
    try {
      if (choice.runsToCancel.length > 0) await this.cancel(choice);
      else await this.start(choice);
    } catch (error) {
      if (!(error instanceof FireLost)) await this.met(choice, error);
    }
    return true;
  }

  /** Ends what runs; the fire is looked at again afterwards. */
  private async cancel({ owner, schedule, fire, runsToCancel }: ChosenFire): Promise<void> {
    for (const runId of runsToCancel) {
      try {
        await this.control.cancel(owner, runId, { requestId: requestIdOf(fire) }, (trx) =>
          this.fires.noteEnded(trx, schedule.id, [runId]),
        );
      } catch (error) {
        if (!(error instanceof AppError && error.code === 'RUN_ALREADY_ENDED')) throw error;
      }
    }
  }

  private async start({ schedule, fire, owner }: ChosenFire): Promise<void> {
    const requestId = requestIdOf(fire);
    const input = this.seal.open(schedule);
    const sessionId = await this.openSession(schedule, owner, requestId);
    const request = {
      definition: schedule.definition,
      version: schedule.definitionVersion ?? undefined,
      sessionId,
      input,
      attributes: schedule.attributes,
    };
    try {
      await this.admission.start(owner, request, requestId, (trx, run) =>
        this.noteStarted(trx, fire, run.id),
      );
    } catch (error) {
      await this.closeSession(owner, requestId, sessionId);
      throw error;
    }
  }

  /** Sessions end, schedules go on: each run gets a session of its own with the consents that still hold. */
  private openSession(schedule: Schedule, owner: Principal, requestId: string): Promise<string> {
    return this.database.withTenant(schedule.tenantId, async (trx) => {
      const { id } = await this.sessions.open(trx, owner, requestId, undefined);
      await this.consents.carryOver(trx, schedule.sessionId, {
        tenantId: schedule.tenantId,
        sessionId: id,
        actorRef: owner.id,
        requestId,
      });
      return id;
    });
  }

  private async closeSession(owner: Principal, requestId: string, sessionId: string): Promise<void> {
    try {
      await this.database.withTenant(owner.tenantId, (trx) =>
        this.sessions.revoke(trx, owner, requestId, sessionId),
      );
    } catch (error) {
      // It ends by itself when nobody uses it; why there is no run must not be lost over it.
      this.logger.warn({ event: 'schedule.session_left_open', sessionId, err: error });
    }
  }

  private async noteStarted(trx: Trx, fire: Fire, runId: string): Promise<void> {
    const schedule = await this.chooser.stillMayStart(trx, fire);
    if (!schedule) throw new FireLost();
    if (!(await this.outcomes.settle(trx, schedule, fire, { outcome: 'started', runId }))) {
      throw new FireLost();
    }
  }

  /** A refusal stands; a fault may pass, so the fire is tried again a few times. */
  private async met({ schedule, fire }: ChosenFire, error: unknown): Promise<void> {
    if (isRefusal(error) || fire.attempts + 1 >= MAX_ATTEMPTS) {
      await this.end(schedule, fire, denialOf(error));
      return;
    }
    const pauseSeconds = Math.min(2 ** fire.attempts, LONGEST_PAUSE_SECONDS);
    this.logger.warn(
      {
        event: 'schedule.fire_postponed',
        scheduleId: schedule.id,
        fireId: fire.id,
        pauseSeconds,
        err: error,
      },
      'a fire met a fault and is tried again',
    );
    await this.database.withTenant(schedule.tenantId, async (trx) => {
      await this.fires.postpone(trx, fire.id, new Date(this.clock.now().getTime() + pauseSeconds * 1_000));
      const job = { tenantId: schedule.tenantId, scheduleId: schedule.id };
      await this.jobs.enqueue(trx, 'schedule.wake', job, { startAfter: pauseSeconds });
    });
  }

  private async end({ tenantId, id }: Schedule, fire: Fire, end: FireEnd): Promise<void> {
    await this.database.withTenant(tenantId, async (trx) => {
      const schedule = await this.schedules.lock(trx, id);
      if (schedule) await this.outcomes.settle(trx, schedule, fire, end);
    });
  }
}

/** Refusals that say "later" are faults here. */
function isRefusal(error: unknown): error is AppError {
  return error instanceof AppError && error.status < 500 && !LATER.has(error.code);
}

const LATER: ReadonlySet<string> = new Set(['RATE_LIMITED', 'RUN_CONFLICT']);

function denialOf(error: unknown): FireEnd {
  if (!(error instanceof AppError)) return { outcome: 'denied', code: 'INTERNAL' };
  const violations = error.members['violations'] as readonly { rule: string }[] | undefined;
  return { outcome: 'denied', code: error.code, rule: violations?.[0]?.rule };
}
