import {
  Body,
  Controller,
  Delete,
  Get,
  HttpCode,
  Inject,
  Param,
  Patch,
  Post,
  Query,
  Req,
} from '@nestjs/common';
import {
  ApiCreatedResponse,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
} from '@nestjs/swagger';
import { CurrentPrincipal } from '../auth/current-principal.js';
import type { PrincipalRequest } from '../auth/principal-request.js';
import type { Principal } from '../auth/principal.js';
import { RequirePermission } from '../auth/require-permission.js';
import { ApiPage } from '../http/api-page.js';
import { Idempotent } from '../http/idempotent.js';
import { lastIdOf, type Page, PageQuery } from '../http/paging.js';
import { AppError } from '../kernel/app-error.js';
import { CLOCK, type Clock } from '../kernel/clock.js';
import { CreateScheduleDto, PreviewScheduleDto, UpdateScheduleDto } from './schedule.dto.js';
import { presentScheduleInDetail } from './schedule.presenter.js';
import { ScheduleReader } from './schedule-reader.service.js';
import { type ScheduleEdit, type ScheduleRequest, ScheduleService } from './schedule.service.js';
import { PreviewAnswerDto, ScheduleDetailDto, ScheduleDto } from './schedule-view.dto.js';
import { fireTimesAfter, firstTimes } from './timing/cron-times.js';

@ApiTags('Schedules')
@Controller({ path: 'schedules', version: '1' })
export class SchedulesController {
  constructor(
    private readonly schedules: ScheduleService,
    private readonly reader: ScheduleReader,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  @Post()
  @ApiOperation({ summary: 'Start runs at set times' })
  @ApiCreatedResponse({ type: ScheduleDetailDto })
  @Idempotent()
  @RequirePermission('schedules.write')
  async create(
    @CurrentPrincipal() principal: Principal,
    @Body() body: CreateScheduleDto,
    @Req() request: PrincipalRequest,
  ): Promise<ScheduleDetailDto> {
    const created = await this.schedules.create(
      principal,
      request.id,
      requestOf(body),
      async (trx, schedule) => request.idempotency?.store(trx, 201, presentNew(schedule)),
    );
    return presentNew(created);
  }

  @Get()
  @ApiOperation({ summary: 'List schedules, newest first' })
  @ApiPage(ScheduleDto)
  @RequirePermission('schedules.read')
  list(@CurrentPrincipal() principal: Principal, @Query() query: PageQuery): Promise<Page<ScheduleDto>> {
    const before = query.cursor === undefined ? undefined : lastIdOf(query.cursor);
    return this.reader.list(principal, query.limit, before);
  }

  @Post('preview')
  @ApiOperation({ summary: 'Show when a cron expression fires' })
  @ApiOkResponse({ type: PreviewAnswerDto })
  @HttpCode(200)
  @RequirePermission('schedules.read')
  preview(@Body() { cron, timeZone, count, after }: PreviewScheduleDto): PreviewAnswerDto {
    const times = fireTimesAfter(cron, timeZone, instantOf(after) ?? this.clock.now());
    return { cron, timeZone, nextFireTimes: firstTimes(times, count).map((time) => time.toISOString()) };
  }

  @Get(':id')
  @ApiOperation({ summary: 'Show a schedule with its next fire times and its last runs' })
  @ApiOkResponse({ type: ScheduleDetailDto })
  @RequirePermission('schedules.read')
  get(@CurrentPrincipal() principal: Principal, @Param('id') id: string): Promise<ScheduleDetailDto> {
    return this.reader.detail(principal, id);
  }

  @Patch(':id')
  @ApiOperation({ summary: 'Change, pause or resume a schedule' })
  @ApiOkResponse({ type: ScheduleDetailDto })
  @RequirePermission('schedules.write')
  async update(
    @CurrentPrincipal() principal: Principal,
    @Param('id') id: string,
    @Body() body: UpdateScheduleDto,
    @Req() request: PrincipalRequest,
  ): Promise<ScheduleDetailDto> {
    await this.schedules.update(principal, request.id, id, editOf(body));
    return this.reader.detail(principal, id);
  }

  @Delete(':id')
  @ApiOperation({ summary: 'Delete a schedule; the runs it started stay' })
  @ApiNoContentResponse()
  @HttpCode(204)
  @RequirePermission('schedules.write')
  async delete(
    @CurrentPrincipal() principal: Principal,
    @Param('id') id: string,
    @Req() request: PrincipalRequest,
  ): Promise<void> {
    await this.schedules.delete(principal, request.id, id);
  }
}

/** Nothing has come of a new schedule yet. */
function presentNew(schedule: Parameters<typeof presentScheduleInDetail>[0]): ScheduleDetailDto {
  return presentScheduleInDetail(schedule, undefined, [], new Map());
}

function requestOf({ startAt, endAt, ...body }: CreateScheduleDto): ScheduleRequest {
  return {
    ...body,
    version: body.version ?? null,
    attributes: body.attributes ?? {},
    timeZone: body.timeZone ?? 'UTC',
    overlap: body.overlap ?? 'skip',
    catchUpWindowSeconds: body.catchUpWindowSeconds ?? 60,
    jitterSeconds: body.jitterSeconds ?? 0,
    startAt: instantOf(startAt) ?? null,
    endAt: instantOf(endAt) ?? null,
    paused: body.paused ?? false,
  };
}

/** What is named in the request, and nothing else. @throws AppError VALIDATION_FAILED when that is nothing. */
function editOf({ startAt, endAt, attributes, ...rest }: UpdateScheduleDto): ScheduleEdit {
  const all: ScheduleEdit = {
    ...rest,
    attributes: attributes === null ? {} : attributes,
    startAt: instantOf(startAt),
    endAt: instantOf(endAt),
  };
  const named = Object.entries(all).filter(([, value]) => value !== undefined);
  if (named.length > 0) return Object.fromEntries(named);
  throw new AppError('VALIDATION_FAILED', {
    errors: [{ path: '', message: 'names nothing to be changed' }],
  });
}

function instantOf<T extends string | null | undefined>(text: T): Date | Exclude<T, string> {
  return typeof text === 'string' ? new Date(text) : (text as Exclude<T, string>);
}
