import { ApiProperty } from '@nestjs/swagger';
import { IsInt, Max, Min } from 'class-validator';
import { RETENTION_CLASSES } from '../audit/retention-class.js';
import type { TrailPolicy } from './trail-policies.service.js';

/** Longest time that can be asked for: a hundred years. */
const MOST_DAYS = 36_500;

/** `PUT /v1/audit/retention-policies/:class` */
export class SetTrailPolicyDto {
  /** Days from the end of the day of a record; 0 keeps it for ever. */
  @ApiProperty({ type: 'integer', minimum: 0, maximum: MOST_DAYS, example: 365 })
  @IsInt()
  @Min(0)
  @Max(MOST_DAYS)
  retentionDays!: number;
}

/** How long records of a class are kept. */
export class TrailPolicyDto {
  @ApiProperty({ enum: Object.keys(RETENTION_CLASSES) })
  class!: string;

  @ApiProperty({
    type: 'integer',
    description: 'Days from the end of the day of a record; 0 = for ever',
  })
  retentionDays!: number;

  @ApiProperty({ type: 'integer', description: 'The shortest time that may be set' })
  floorDays!: number;

  @ApiProperty({ description: 'What the class holds' })
  meaning!: string;

  @ApiProperty({ enum: ['tenant', 'default'] })
  source!: string;

  @ApiProperty({ type: String, nullable: true, description: 'Id of the principal that set it' })
  updatedBy!: string | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  updatedAt!: string | null;
}

export function trailPolicyDtoOf({ updatedAt, ...policy }: TrailPolicy): TrailPolicyDto {
  const { meaning } = RETENTION_CLASSES[policy.class];
  return { ...policy, meaning, updatedAt: updatedAt?.toISOString() ?? null };
}
