import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { AuditTrail } from '../../compliance/audit/audit-trail.service.js';
import { isNamedIn, partsNaming, withoutNamed } from '../../compliance/pii/named-in.js';
import {
  type DataSubject,
  type ErasedPart,
  type HeldPage,
  type PersonalStore,
  PersonalStores,
} from '../../compliance/subjects/personal-stores.js';
import type { Trx } from '../../database/trx.js';
import { CLOCK, type Clock } from '../../kernel/clock.js';
import type { Schedule } from '../schedule.js';
import { ScheduleRepository } from '../schedule.repository.js';
import { ScheduleSeal } from '../schedule-seal.js';

const PAGE = 100;

/**
 * Inputs of schedules that name a person. After an erasure a schedule goes on without them; what its definition does
 * not accept any more is denied at its next fire, and recorded there.
 */
@Injectable()
export class ScheduleStore implements PersonalStore, OnModuleInit {
  readonly name = 'schedules';
  readonly tables = ['schedule', 'schedule_fire'];

  constructor(
    private readonly stores: PersonalStores,
    private readonly schedules: ScheduleRepository,
    private readonly seal: ScheduleSeal,
    private readonly audit: AuditTrail,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  onModuleInit(): void {
    this.stores.register(this);
  }

  async held(trx: Trx, subject: DataSubject, before: string | undefined): Promise<HeldPage> {
    const schedules = await this.schedules.list(trx, PAGE, before);
    const records = schedules
      .map((schedule) => ({ schedule, parts: partsNaming(this.seal.open(schedule), subject.isNamedIn) }))
      .filter(({ parts }) => parts.length > 0)
      .map(({ schedule: { id, definition, cron, timeZone }, parts }) => ({
        kind: 'schedule',
        scheduleId: id,
        definition,
        cron,
        timeZone,
        input: parts,
      }));
    return { records, next: nextOf(schedules) };
  }

  async erase(trx: Trx, subject: DataSubject, before: string | undefined): Promise<ErasedPart> {
    const schedules = await this.schedules.list(trx, PAGE, before);
    let count = 0;
    for (const schedule of schedules) {
      const input = this.seal.open(schedule);
      if (!isNamedIn(input, subject.isNamedIn)) continue;
      const kept = withoutNamed(input, subject.isNamedIn) as Record<string, unknown> | undefined;
      await this.rewrite(trx, schedule, kept ?? {});
      count += 1;
    }
    return { counts: { schedules: count }, next: nextOf(schedules) };
  }

  private async rewrite(trx: Trx, { id, tenantId }: Schedule, input: Record<string, unknown>): Promise<void> {
    await this.schedules.update(
      trx,
      id,
      { sealedInput: this.seal.seal(tenantId, id, input) },
      this.clock.now(),
    );
    await this.audit.append(trx, tenantId, {
      type: 'schedule.updated',
      outcome: 'success',
      actor: { type: 'system', ref: 'erasure' },
      targets: [{ type: 'schedule', ref: id }],
      detail: { changed: 'input', input: this.seal.fingerprint(tenantId, input) },
    });
  }
}

function nextOf(schedules: readonly Schedule[]): string | undefined {
  return schedules.length < PAGE ? undefined : schedules.at(-1)?.id;
}
