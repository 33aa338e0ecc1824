import { Controller, Get, Param } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { RequirePermission } from '../auth/require-permission.js';
import { AppError } from '../kernel/app-error.js';
import { BreakerRegistry } from './breaker-registry.js';
import { CircuitBreakerDto, CircuitBreakerListDto } from './circuit-breaker.dto.js';

/** The circuit breakers of the answering process. */
@ApiTags('Error recovery')
@Controller({ path: 'circuit-breakers', version: '1' })
export class CircuitBreakersController {
  constructor(private readonly breakers: BreakerRegistry) {}

  @Get()
  @ApiOperation({ summary: 'List the circuit breakers of the answering process' })
  @RequirePermission('breakers.read')
  @ApiOkResponse({ type: CircuitBreakerListDto })
  list(): CircuitBreakerListDto {
    return { items: this.breakers.snapshots(), nextCursor: null };
  }

  @Get(':name')
  @ApiOperation({ summary: 'Show a circuit breaker' })
  @RequirePermission('breakers.read')
  @ApiOkResponse({ type: CircuitBreakerDto })
  get(@Param('name') name: string): CircuitBreakerDto {
    const snapshot = this.breakers.findSnapshot(name);
    if (!snapshot) throw new AppError('BREAKER_NOT_FOUND');
    return snapshot;
  }
}
