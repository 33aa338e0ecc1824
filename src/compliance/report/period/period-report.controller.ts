import { Controller, Get, Headers, Inject, Query, Req, Res } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { CurrentPrincipal } from '../../../auth/current-principal.js';
import type { PrincipalRequest } from '../../../auth/principal-request.js';
import type { Principal } from '../../../auth/principal.js';
import { RequirePermission } from '../../../auth/require-permission.js';
import { CLOCK, type Clock } from '../../../kernel/clock.js';
import { ApiReport } from '../api-report.js';
import { reportFormatOf } from '../document/report-format.js';
import { sendReport } from '../document/send-report.js';
import { ReportIssuer } from '../report-issuer.service.js';
import { periodReportDocument } from './period-report.document.js';
import { PeriodReportDto } from './period-report.dto.js';
import { PeriodQuery, periodOf } from './period-report.query.js';
import { PeriodReports } from './period-report.service.js';
import { dayOf } from './report-day.repository.js';

@ApiTags('Compliance')
@Controller({ path: 'compliance', version: '1' })
export class PeriodReportController {
  constructor(
    private readonly reports: PeriodReports,
    private readonly issuer: ReportIssuer,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  @Get('report')
  @ApiOperation({
    summary: 'Report what was done in a period',
    description: 'JSON, HTML or PDF by the Accept header, from the events of the audit trail.',
  })
  @ApiReport(PeriodReportDto)
  @RequirePermission('reports.read')
  async get(
    @CurrentPrincipal() principal: Principal,
    @Query() query: PeriodQuery,
    @Headers('accept') accept: string | undefined,
    @Req() request: PrincipalRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const format = reportFormatOf(accept);
    const period = periodOf(query, this.clock.now());
    const { tenantId } = principal;
    const report = await this.issuer.issue(
      {
        tenantId,
        actorRef: principal.id,
        requestId: request.id,
        kind: 'period',
        format,
        targets: [{ type: 'tenant', ref: tenantId }],
      },
      () => this.reports.create(tenantId, period),
    );
    const name = `compliance-report-${dayOf(period.from)}-${dayOf(period.to)}`;
    await sendReport(reply, format, name, report, periodReportDocument);
  }
}
