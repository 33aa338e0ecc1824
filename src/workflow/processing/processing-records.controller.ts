import { Controller, Get, Headers, Req, Res } from '@nestjs/common';
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
import { processingRecordsDocument } from './processing-records.document.js';
import { ProcessingRecordsDto } from './processing-records.dto.js';
import { ProcessingRecordsService } from './processing-records.service.js';

@ApiTags('Compliance')
@Controller({ path: 'compliance/records-of-processing', version: '1' })
export class ProcessingRecordsController {
  constructor(
    private readonly records: ProcessingRecordsService,
    private readonly issuer: ReportIssuer,
  ) {}

  @Get()
  @ApiOperation({
    summary: 'Show the records of processing activities (GDPR Art. 30)',
    description:
      'JSON, HTML or PDF by the Accept header, from the workflow definitions and the consents recorded.',
  })
  @ApiReport(ProcessingRecordsDto)
  @RequirePermission('reports.read')
  async get(
    @CurrentPrincipal() { tenantId, id: actorRef }: Principal,
    @Headers('accept') accept: string | undefined,
    @Req() { id: requestId }: PrincipalRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const format = reportFormatOf(accept);
    const report = await this.issuer.issue(
      {
        tenantId,
        actorRef,
        requestId,
        kind: 'processing',
        format,
        targets: [{ type: 'tenant', ref: tenantId }],
      },
      () => this.records.of(tenantId),
    );
    await sendReport(reply, format, 'records-of-processing', report, processingRecordsDocument);
  }
}
