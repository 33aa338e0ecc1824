import { Body, Controller, Get, HttpCode, Param, Post, Query, Req } from '@nestjs/common';
import { ApiAcceptedResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { CurrentPrincipal } from '../auth/current-principal.js';
import type { PrincipalRequest } from '../auth/principal-request.js';
import type { Principal } from '../auth/principal.js';
import { RequirePermission } from '../auth/require-permission.js';
import { ApiPage } from '../http/api-page.js';
import { Idempotent } from '../http/idempotent.js';
import { lastIdOf, type Page, PageQuery } from '../http/paging.js';
import { FireRequests } from './fire-requests.service.js';
import type { Fire } from './schedule.js';
import { BackfillScheduleDto, TriggerScheduleDto } from './schedule.dto.js';
import { presentFire } from './schedule.presenter.js';
import { ScheduleReader } from './schedule-reader.service.js';
import { BackfillAnswerDto, ScheduleFireDto } from './schedule-view.dto.js';

@ApiTags('Schedules')
@Controller({ path: 'schedules/:id', version: '1' })
export class ScheduleFiresController {
  constructor(
    private readonly requests: FireRequests,
    private readonly reader: ScheduleReader,
  ) {}

  @Get('fires')
  @ApiOperation({ summary: 'List the fires of a schedule with their runs, newest first' })
  @ApiPage(ScheduleFireDto)
  @RequirePermission('schedules.read')
  list(
    @CurrentPrincipal() principal: Principal,
    @Param('id') id: string,
    @Query() query: PageQuery,
  ): Promise<Page<ScheduleFireDto>> {
    const before = query.cursor === undefined ? undefined : lastIdOf(query.cursor);
    return this.reader.listFires(principal, id, query.limit, before);
  }

  @Post('trigger')
  @ApiOperation({ summary: 'Fire a schedule now, beside its times' })
  @ApiAcceptedResponse({ type: ScheduleFireDto, description: 'The fire is durable; its run follows' })
  @HttpCode(202)
  @Idempotent()
  @RequirePermission('schedules.write')
  async trigger(
    @CurrentPrincipal() principal: Principal,
    @Param('id') id: string,
    @Body() body: TriggerScheduleDto,
    @Req() request: PrincipalRequest,
  ): Promise<ScheduleFireDto> {
    const fire = await this.requests.trigger(
      principal,
      request.id,
      id,
      body.overlap ?? null,
      async (trx, added) => request.idempotency?.store(trx, 202, presentNew(added)),
    );
    return presentNew(fire);
  }

  @Post('backfill')
  @ApiOperation({ summary: 'Carry out fire times of the past' })
  @ApiAcceptedResponse({ type: BackfillAnswerDto, description: 'The fires are durable; their runs follow' })
  @HttpCode(202)
  @Idempotent()
  @RequirePermission('schedules.write')
  backfill(
    @CurrentPrincipal() principal: Principal,
    @Param('id') id: string,
    @Body() { from, to, overlap }: BackfillScheduleDto,
    @Req() request: PrincipalRequest,
  ): Promise<BackfillAnswerDto> {
    const wanted = { from: new Date(from), to: new Date(to), overlap };
    return this.requests.backfill(principal, request.id, id, wanted, async (trx, answer) =>
      request.idempotency?.store(trx, 202, answer),
    );
  }
}

/** There is no run yet. */
function presentNew(fire: Fire): ScheduleFireDto {
  return presentFire(fire, new Map());
}
