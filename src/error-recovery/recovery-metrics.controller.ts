import { Controller, Get } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { RequirePermission } from '../auth/require-permission.js';
import { BreakerRegistry } from './breaker-registry.js';
import { RecoveryMetricsDto } from './circuit-breaker.dto.js';
import { ErrorRecovery } from './error-recovery.service.js';

/** What error recovery of the answering process has counted. */
@ApiTags('Error recovery')
@Controller({ path: 'error-recovery', version: '1' })
export class RecoveryMetricsController {
  constructor(
    private readonly recovery: ErrorRecovery,
    private readonly breakers: BreakerRegistry,
  ) {}

  @Get('metrics')
  @ApiOperation({ summary: 'Show what error recovery has counted' })
  @RequirePermission('breakers.read')
  @ApiOkResponse({ type: RecoveryMetricsDto })
  metrics(): RecoveryMetricsDto {
    return { ...this.recovery.counters(), breakers: this.breakers.snapshots() };
  }
}
