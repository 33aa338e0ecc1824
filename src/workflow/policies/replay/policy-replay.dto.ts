import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import {
  IsDefined,
  IsInt,
  IsObject,
  IsOptional,
  IsString,
  IsUUID,
  Matches,
  Max,
  MaxLength,
  Min,
  ValidateNested,
} from 'class-validator';
import { CreatePolicyVersionDto } from '../../../compliance/policy/policy.dto.js';
import { PeriodQuery } from '../../../compliance/report/period/period-report.query.js';
import { ApiFigures } from '../../../compliance/report/report.dto.js';

const MAX_RUNS = 200;

/** `POST /v1/policies/:version/replay`: decisions of runs that were started within a period, at most 400 days. */
export class ReplayPoliciesDto extends PeriodQuery {
  @ApiPropertyOptional({ description: 'Runs of this definition only' })
  @IsOptional()
  @IsString()
  @Matches(/^[a-z][a-z0-9-]{0,62}$/)
  definition?: string;

  @ApiPropertyOptional({ format: 'uuid', description: 'This run only' })
  @IsOptional()
  @IsUUID('7')
  runId?: string;

  @ApiPropertyOptional({
    type: 'integer',
    default: 50,
    description: 'Runs that one answer looks at, at most',
  })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(MAX_RUNS)
  limit?: number;

  @ApiPropertyOptional({ description: '`nextCursor` of the answer before' })
  @IsOptional()
  @IsString()
  @MaxLength(512)
  cursor?: string;
}

/** `POST /v1/policies/replay`: the same of policies that are not stored. */
export class ReplayDraftDto extends ReplayPoliciesDto {
  @ApiProperty({ type: CreatePolicyVersionDto, description: 'What a version would be made of' })
  @IsDefined()
  @IsObject()
  @ValidateNested()
  @Type(() => CreatePolicyVersionDto)
  draft!: CreatePolicyVersionDto;
}

/** What another version, or a draft, would have decided. */
export class PolicyReplayDto {
  @ApiProperty({ type: 'integer', nullable: true, description: 'Null for a draft' })
  version!: number | null;

  @ApiFigures('Beginning (inclusive) and end (exclusive)')
  period!: Record<string, unknown>;

  @ApiFigures('Decisions that would have been otherwise, with what was recorded and what is said now', {
    list: true,
  })
  items!: Record<string, unknown>[];

  @ApiFigures('What this answer looked at and what came of it')
  summary!: Record<string, unknown>;

  @ApiProperty({ type: String, nullable: true, description: 'Null when everything was looked at' })
  nextCursor!: string | null;
}
