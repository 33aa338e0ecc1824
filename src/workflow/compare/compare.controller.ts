import { Controller, Get, Param } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { CurrentPrincipal } from '../../auth/current-principal.js';
import type { Principal } from '../../auth/principal.js';
import { RequirePermission } from '../../auth/require-permission.js';
import { DatabaseService } from '../../database/database.service.js';
import type { Trx } from '../../database/trx.js';
import { AppError } from '../../kernel/app-error.js';
import { isId } from '../../kernel/ids.js';
import { RunRepository } from '../runs/run.repository.js';
import { compareRuns, type ComparedRun } from './compare-runs.js';
import { RunComparisonDto } from './compare.dto.js';
import { CompareRepository } from './compare.repository.js';

@ApiTags('Workflows')
@Controller({ path: 'workflows', version: '1' })
export class CompareController {
  constructor(
    private readonly runs: RunRepository,
    private readonly compared: CompareRepository,
    private readonly database: DatabaseService,
  ) {}

  @Get(':id/compare/:otherId')
  @ApiOperation({ summary: 'Compare two runs: what they made, what it took, what the gate said' })
  @ApiOkResponse({ type: RunComparisonDto })
  @RequirePermission('workflows.read')
  async compare(
    @CurrentPrincipal() principal: Principal,
    @Param('id') id: string,
    @Param('otherId') otherId: string,
  ): Promise<unknown> {
    const { tenantId } = principal;
    const [left, right] = await this.database.withTenant(
      tenantId,
      async (trx) => [await this.get(trx, id), await this.get(trx, otherId)] as const,
      { snapshot: true },
    );
    return compareRuns(left, right);
  }

  private async get(trx: Trx, id: string): Promise<ComparedRun> {
    const run = isId(id) ? await this.runs.find(trx, id) : undefined;
    if (!run) throw new AppError('WORKFLOW_NOT_FOUND');
    return {
      run,
      steps: await this.compared.steps(trx, id),
      artifacts: await this.compared.newestArtifacts(trx, id),
    };
  }
}
