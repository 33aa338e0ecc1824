import { Controller, Get, Headers, Inject, Param, Query, Req, Res } from '@nestjs/common';
import { ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { CurrentPrincipal } from '../../../auth/current-principal.js';
import type { PrincipalRequest } from '../../../auth/principal-request.js';
import type { Principal } from '../../../auth/principal.js';
import { RequirePermission } from '../../../auth/require-permission.js';
import { AppError } from '../../../kernel/app-error.js';
import { CLOCK, type Clock } from '../../../kernel/clock.js';
import { ApiReport } from '../api-report.js';
import { reportFormatOf } from '../document/report-format.js';
import { sendReport } from '../document/send-report.js';
import { PeriodFiguresService } from '../period/period-figures.service.js';
import { PeriodQuery, periodOf } from '../period/period-report.query.js';
import { ReportIssuer } from '../report-issuer.service.js';
import { frameworkReportOf } from './framework-report.js';
import { frameworkReportDocument } from './framework-report.document.js';
import { FrameworkReportDto } from './framework-report.dto.js';
import { FRAMEWORKS } from './frameworks.js';

@ApiTags('Compliance')
@Controller({ path: 'compliance/evidence', version: '1' })
export class FrameworkReportController {
  constructor(
    private readonly figures: PeriodFiguresService,
    private readonly issuer: ReportIssuer,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  @Get(':framework')
  @ApiOperation({
    summary: 'Show what the trail holds about the controls of a framework',
    description: 'JSON, HTML or PDF by the Accept header: populations, samples and links for each control.',
  })
  @ApiParam({ name: 'framework', enum: FRAMEWORKS.map(({ id }) => id) })
  @ApiReport(FrameworkReportDto)
  @RequirePermission('reports.read')
  async get(
    @CurrentPrincipal() principal: Principal,
    @Param('framework') name: string,
    @Query() query: PeriodQuery,
    @Headers('accept') accept: string | undefined,
    @Req() request: PrincipalRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const framework = FRAMEWORKS.find(({ id }) => id === name);
    if (!framework) throw new AppError('NOT_FOUND');
    const format = reportFormatOf(accept);
    const period = periodOf(query, this.clock.now());
    const { tenantId } = principal;
    const report = await this.issuer.issue(
      {
        tenantId,
        actorRef: principal.id,
        requestId: request.id,
        kind: 'framework',
        format,
        targets: [{ type: 'framework', ref: framework.id }],
      },
      async () =>
        frameworkReportOf(framework, period, await this.figures.of(tenantId, period.from, period.to)),
    );
    await sendReport(reply, format, `evidence-${framework.id}`, report, frameworkReportDocument);
  }
}
