import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import type { HealthStatus } from './health-indicators.js';

const STATUSES = ['healthy', 'degraded', 'unhealthy'] as const;

/** The status alone. */
export class HealthDto {
  @ApiProperty({ enum: STATUSES })
  status!: HealthStatus;

  @ApiPropertyOptional({
    type: 'object',
    description: 'By name: `status`, `detail`, `responseTimeMs`',
    additionalProperties: { type: 'object', additionalProperties: true },
  })
  components?: Record<string, unknown>;
}

/** Every component, and which instance this is. */
export class DetailedHealthDto extends HealthDto {
  @ApiProperty()
  version!: string;

  @ApiProperty({ type: 'integer' })
  uptimeSeconds!: number;

  @ApiProperty({ enum: ['server', 'embedded'], description: 'Where the audit trail lies' })
  auditTier!: string;
}
