import { Inject, Injectable } from '@nestjs/common';
import type { Principal } from '../../auth/principal.js';
import { DatabaseService } from '../../database/database.service.js';
import type { Trx } from '../../database/trx.js';
import { CLOCK, type Clock } from '../../kernel/clock.js';
import { FireRepository } from '../fire.repository.js';
import type { Fire, Schedule, SkipCode } from '../schedule.js';
import { ScheduleOwners } from '../schedule-owners.service.js';
import { ScheduleRepository } from '../schedule.repository.js';
import { FireOutcomes } from './fire-outcomes.service.js';
import { OpenRuns } from './open-runs.service.js';
import { decideOverlap } from './overlap.js';

/** A fire that is to be carried out, for whom, and the runs to be cancelled before. */
export interface ChosenFire {
  readonly schedule: Schedule;
  readonly fire: Fire;
  readonly owner: Principal;
  readonly runsToCancel: readonly string[];
}

/** `settled`: a fire was dealt with here, look again. */
export type FireChoice = ChosenFire | 'settled' | undefined;

/** Chooses the next fire of a schedule and deals with those that are not to be carried out. */
@Injectable()
export class FireChooser {
  constructor(
    private readonly database: DatabaseService,
    private readonly schedules: ScheduleRepository,
    private readonly fires: FireRepository,
    private readonly openRuns: OpenRuns,
    private readonly owners: ScheduleOwners,
    private readonly outcomes: FireOutcomes,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** The next fire to be carried out; nothing when none is open or the one that waits must go on waiting. */
  choose(tenantId: string, scheduleId: string): Promise<FireChoice> {
    return this.database.withTenant(tenantId, async (trx) => {
      const schedule = await this.schedules.lock(trx, scheduleId);
      if (!schedule) return undefined;
      const waiting = await this.fires.findWaiting(trx, schedule.id);
      const openRuns = await this.openRuns.of(trx, schedule.id);
      const mayGoOn = waiting && (openRuns.length === 0 || schedule.paused) && this.isTimely(waiting);
      const fire = mayGoOn ? waiting : await this.fires.findPending(trx, schedule.id, this.clock.now());
      if (!fire) return undefined;
      return this.consider(trx, schedule, fire, openRuns, waiting !== undefined && fire !== waiting);
    });
  }

  /**
   * Whether a fire may still start, asked in the transaction that starts it: the schedule as it is then, locked.
   */
  async stillMayStart(trx: Trx, fire: Fire): Promise<Schedule | undefined> {
    const schedule = await this.schedules.lock(trx, fire.scheduleId);
    if (!schedule || isStopped(schedule, fire)) return undefined;
    if ((fire.overlap ?? schedule.overlap) === 'allow') return schedule;
    return (await this.openRuns.of(trx, schedule.id)).length === 0 ? schedule : undefined;
  }

  private async consider(
    trx: Trx,
    schedule: Schedule,
    fire: Fire,
    openRuns: readonly string[],
    isAnotherWaiting: boolean,
  ): Promise<FireChoice> {
    if (isStopped(schedule, fire)) return this.skip(trx, schedule, fire, 'PAUSED');
    const overlap = fire.overlap ?? schedule.overlap;
    const verdict = decideOverlap(overlap, openRuns.length, isAnotherWaiting);
    if (verdict === 'skip') return this.skip(trx, schedule, fire, 'OVERLAP');
    if (verdict === 'wait') {
      await this.fires.setWaiting(trx, fire.id);
      return 'settled';
    }
    const owner = await this.owners.ownerOf(trx, schedule.ownerId, overlap);
    if (typeof owner === 'string') {
      await this.outcomes.settle(trx, schedule, fire, { outcome: 'denied', code: owner });
      await this.outcomes.pauseFor(trx, schedule, owner);
      return 'settled';
    }
    await this.fires.noteAttempt(trx, fire.id);
    return { schedule, fire, owner, runsToCancel: verdict === 'cancel' ? openRuns : [] };
  }

  private async skip(trx: Trx, schedule: Schedule, fire: Fire, code: SkipCode): Promise<'settled'> {
    await this.outcomes.settle(trx, schedule, fire, { outcome: 'skipped', code });
    return 'settled';
  }

  private isTimely(fire: Fire): boolean {
    return fire.retryAt === null || fire.retryAt <= this.clock.now();
  }
}

/** A paused schedule does nothing of its own accord; what a person asks for, it does. */
function isStopped(schedule: Schedule, fire: Fire): boolean {
  return schedule.paused && fire.trigger === 'schedule';
}
