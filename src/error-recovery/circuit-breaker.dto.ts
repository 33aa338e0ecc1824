import { ApiProperty } from '@nestjs/swagger';
import type { BreakerSnapshot, BreakerState } from './breaker.js';
import type { RecoveryCounters } from './error-recovery.service.js';

/** A circuit breaker as it stands. */
export class CircuitBreakerDto implements BreakerSnapshot {
  @ApiProperty({ description: 'The agent or service behind the breaker', example: 'email_generator' })
  name!: string;

  @ApiProperty({ enum: ['closed', 'open', 'half-open'] })
  state!: BreakerState;

  @ApiProperty({ description: 'Failed calls in the sliding window' })
  failureCount!: number;

  @ApiProperty({ description: 'Share of failed calls in the sliding window, 0 to 1' })
  failureRate!: number;

  @ApiProperty({ description: 'Share of slow calls in the sliding window, 0 to 1' })
  slowCallRate!: number;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  lastFailureAt!: string | null;

  @ApiProperty({
    type: String,
    format: 'date-time',
    nullable: true,
    description: 'When an open breaker tries again',
  })
  opensUntil!: string | null;
}

/** Every circuit breaker of this process. */
export class CircuitBreakerListDto {
  @ApiProperty({ type: [CircuitBreakerDto] })
  items!: CircuitBreakerDto[];

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'Always null: the list is short and comes whole',
  })
  nextCursor!: null;
}

/** What error recovery has counted since the process started. */
export class RecoveryMetricsDto implements RecoveryCounters {
  @ApiProperty({ description: 'Protected calls' })
  total!: number;

  @ApiProperty({ description: 'Calls that succeeded, after retries or at once' })
  successful!: number;

  @ApiProperty({ description: 'Calls that failed for good; a call its caller gave up counts as neither' })
  failed!: number;

  @ApiProperty({ description: 'How often a breaker opened' })
  breakerActivations!: number;

  @ApiProperty({ description: 'How often a fallback answered' })
  fallbackActivations!: number;

  @ApiProperty({ type: [CircuitBreakerDto] })
  breakers!: CircuitBreakerDto[];
}
