import { Readable } from 'node:stream';
import { Controller, Get, Param, Req, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { CurrentPrincipal } from '../../../auth/current-principal.js';
import type { PrincipalRequest } from '../../../auth/principal-request.js';
import type { Principal } from '../../../auth/principal.js';
import { RequirePermission } from '../../../auth/require-permission.js';
import { ReportIssuer } from '../../../compliance/report/report-issuer.service.js';
import { RunReports } from '../run-report.service.js';
import { RunBundles } from './run-bundle.service.js';

const MEDIA_TYPE = 'application/x-ndjson';

@ApiTags('Compliance')
@Controller({ path: 'workflows', version: '1' })
export class EvidenceBundleController {
  constructor(
    private readonly reports: RunReports,
    private readonly issuer: ReportIssuer,
    private readonly bundles: RunBundles,
  ) {}

  @Get(':id/evidence')
  @ApiOperation({
    summary: 'Hand out the evidence of a run as one file that can be checked offline',
    description:
      'Events with inclusion proofs against one signed checkpoint, the end of the chain, and documents.',
  })
  @ApiOkResponse({
    description: 'A bundle, one JSON object a line',
    content: { [MEDIA_TYPE]: { schema: { type: 'string' } } },
  })
  @RequirePermission('reports.read')
  async get(
    @CurrentPrincipal() { tenantId, id: actorRef }: Principal,
    @Param('id') id: string,
    @Req() request: PrincipalRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const asked = { tenantId, actorRef, requestId: request.id };
    const report = await this.issuer.issue(
      { ...asked, kind: 'run', format: 'json', targets: [{ type: 'workflow', ref: id }] },
      () => this.reports.create(tenantId, id),
    );
    const bundle = await this.bundles.prepare(asked, report);
    await reply
      .type(MEDIA_TYPE)
      .header('cache-control', 'no-store')
      .header('content-disposition', `attachment; filename="evidence-${id}.ndjson"`)
      .send(Readable.from(this.bundles.lines(bundle)));
  }
}
