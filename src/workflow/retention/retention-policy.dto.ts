import { ApiProperty } from '@nestjs/swagger';
import { IsInt, Max, Min } from 'class-validator';
import type { EffectivePolicy } from './retention-policy.service.js';

/** Longest time that can be asked for: a hundred years. */
const MOST_DAYS = 36_500;

/** `PUT /v1/retention-policies/:definition` */
export class SetRetentionPolicyDto {
  /** Days from the end of a run until it is removed; 0 keeps it for ever. */
  @ApiProperty({ type: 'integer', minimum: 0, maximum: MOST_DAYS, example: 90 })
  @IsInt()
  @Min(0)
  @Max(MOST_DAYS)
  retentionDays!: number;
}

/** How long ended runs are kept. */
export class RetentionPolicyDto {
  @ApiProperty({
    example: 'email-campaign',
    description: '`*` = every definition without a policy of its own',
  })
  definition!: string;

  @ApiProperty({
    type: 'integer',
    description: 'Days from the end of a run until it is removed; 0 = for ever',
  })
  retentionDays!: number;

  @ApiProperty({
    enum: ['definition', 'tenant', 'configuration'],
    description: 'Which policy decides: of this definition, of the tenant (`*`), or the configuration',
  })
  source!: EffectivePolicy['source'];

  @ApiProperty({ type: String, nullable: true, description: 'Id of the principal that set it' })
  updatedBy!: string | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  updatedAt!: string | null;
}

export function retentionPolicyDtoOf(policy: EffectivePolicy): RetentionPolicyDto {
  const { definition, retentionDays, source, updatedBy, updatedAt } = policy;
  return { definition, retentionDays, source, updatedBy, updatedAt: updatedAt?.toISOString() ?? null };
}
