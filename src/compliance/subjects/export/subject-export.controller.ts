import { Controller, Get, Header, Param, Req } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { CurrentPrincipal } from '../../../auth/current-principal.js';
import type { Principal } from '../../../auth/principal.js';
import { RequirePermission } from '../../../auth/require-permission.js';
import type { HttpRequest } from '../../../http/http-request.js';
import { SubjectExportDto } from './subject-export.dto.js';
import { type SubjectExport, SubjectExports } from './subject-exports.service.js';

/** The right of access; `:subject` is an e-mail address or a reference. */
@ApiTags('Data subjects')
@Controller({ path: 'subjects', version: '1' })
export class SubjectExportController {
  constructor(private readonly exports: SubjectExports) {}

  /** On record before it leaves. Of somebody who was erased it holds what is left under their reference. */
  @Get(':subject/export')
  @Header('cache-control', 'no-store')
  @Header('content-disposition', 'attachment; filename="subject-export.json"')
  @ApiOperation({ summary: 'Hand out everything that is held on a person' })
  @ApiOkResponse({ type: SubjectExportDto })
  @RequirePermission('subjects.export')
  export(
    @CurrentPrincipal() { tenantId, id }: Principal,
    @Req() { id: requestId }: HttpRequest,
    @Param('subject') subject: string,
  ): Promise<SubjectExport> {
    return this.exports.export({ tenantId, id, requestId }, subject);
  }
}
