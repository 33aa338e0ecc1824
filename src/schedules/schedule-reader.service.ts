import { Injectable } from '@nestjs/common';
import type { Principal } from '../auth/principal.js';
import { DatabaseService } from '../database/database.service.js';
import type { Trx } from '../database/trx.js';
import { AppError } from '../kernel/app-error.js';
import { isId } from '../kernel/ids.js';
import { type Page, pageOf } from '../http/paging.js';
import { RunAccess } from '../workflow/runs/run-access.service.js';
import { FireRepository } from './fire.repository.js';
import type { Fire, Schedule } from './schedule.js';
import { presentFire, presentSchedule, presentScheduleInDetail } from './schedule.presenter.js';
import { ScheduleRepository } from './schedule.repository.js';
import type { ScheduleDetailDto, ScheduleDto, ScheduleFireDto } from './schedule-view.dto.js';

const SHOWN_FIRES = 5;

/** Shows schedules and their fires, each with where its run stands. */
@Injectable()
export class ScheduleReader {
  constructor(
    private readonly database: DatabaseService,
    private readonly schedules: ScheduleRepository,
    private readonly fires: FireRepository,
    private readonly runs: RunAccess,
  ) {}

  /** Newest first; `before` is the id the last page ended with. */
  list(principal: Principal, limit: number, before: string | undefined): Promise<Page<ScheduleDto>> {
    return this.database.withTenant(principal.tenantId, async (trx) => {
      const page = pageOf(await this.schedules.list(trx, limit + 1, before), limit, ({ id }) => [id]);
      return { ...page, items: await this.presentAll(trx, page.items) };
    });
  }

  /** @throws AppError SCHEDULE_NOT_FOUND. */
  detail(principal: Principal, id: string): Promise<ScheduleDetailDto> {
    return this.database.withTenant(principal.tenantId, async (trx) => {
      const schedule = await this.get(trx, id);
      const last = (await this.fires.findLast(trx, [id])).get(id);
      const newest = await this.fires.list(trx, id, SHOWN_FIRES, undefined);
      const statuses = await this.statusesOf(trx, last ? [last, ...newest] : newest);
      return presentScheduleInDetail(schedule, last, newest, statuses);
    });
  }

  /** Fires of a schedule, newest first. @throws AppError SCHEDULE_NOT_FOUND. */
  listFires(
    principal: Principal,
    id: string,
    limit: number,
    before: string | undefined,
  ): Promise<Page<ScheduleFireDto>> {
    return this.database.withTenant(principal.tenantId, async (trx) => {
      await this.get(trx, id);
      const page = pageOf(await this.fires.list(trx, id, limit + 1, before), limit, (fire) => [fire.id]);
      const statuses = await this.statusesOf(trx, page.items);
      return { ...page, items: page.items.map((fire) => presentFire(fire, statuses)) };
    });
  }

  private async presentAll(trx: Trx, schedules: readonly Schedule[]): Promise<ScheduleDto[]> {
    const ids = schedules.map(({ id }) => id);
    const last = await this.fires.findLast(trx, ids);
    const statuses = await this.statusesOf(trx, [...last.values()]);
    return schedules.map((schedule) => presentSchedule(schedule, last.get(schedule.id), statuses));
  }

  private statusesOf(trx: Trx, fires: readonly Fire[]) {
    return this.runs.statusesOf(trx, [...new Set(fires.flatMap(({ runId }) => runId ?? []))]);
  }

  private async get(trx: Trx, id: string): Promise<Schedule> {
    const schedule = isId(id) ? await this.schedules.find(trx, id) : undefined;
    if (!schedule) throw new AppError('SCHEDULE_NOT_FOUND');
    return schedule;
  }
}
