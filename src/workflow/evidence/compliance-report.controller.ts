import { Controller, Get, Headers, Param, Req, Res } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { CurrentPrincipal } from '../../auth/current-principal.js';
import type { PrincipalRequest } from '../../auth/principal-request.js';
import type { Principal } from '../../auth/principal.js';
import { RequirePermission } from '../../auth/require-permission.js';
import { ApiReport } from '../../compliance/report/api-report.js';
import { reportFormatOf } from '../../compliance/report/document/report-format.js';
import { sendReport } from '../../compliance/report/document/send-report.js';
import { ReportIssuer } from '../../compliance/report/report-issuer.service.js';
import { runReportDocument } from './run-report.document.js';
import { RunReportDto } from './run-report.dto.js';
import { RunReports } from './run-report.service.js';

@ApiTags('Compliance')
@Controller({ path: 'workflows', version: '1' })
export class ComplianceReportController {
  constructor(
    private readonly reports: RunReports,
    private readonly issuer: ReportIssuer,
  ) {}

  @Get(':id/compliance-report')
  @ApiOperation({
    summary: 'Report how a run was checked, approved and recorded',
    description:
      'JSON, HTML or PDF by the Accept header. It holds ids, counts and hashes, no content of the run.',
  })
  @ApiReport(RunReportDto)
  @RequirePermission('workflows.read')
  async get(
    @CurrentPrincipal() principal: Principal,
    @Param('id') id: string,
    @Headers('accept') accept: string | undefined,
    @Req() request: PrincipalRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const format = reportFormatOf(accept);
    const report = await this.issuer.issue(
      {
        tenantId: principal.tenantId,
        actorRef: principal.id,
        requestId: request.id,
        kind: 'run',
        format,
        targets: [{ type: 'workflow', ref: id }],
      },
      () => this.reports.create(principal.tenantId, id),
    );
    await sendReport(reply, format, `compliance-report-${id}`, report, runReportDocument);
  }
}
