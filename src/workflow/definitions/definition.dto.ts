import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsInt, IsOptional, Max, Min } from 'class-validator';

/** `GET /v1/workflow-definitions/:name` */
export class DefinitionQuery {
  /** A version; the newest when absent. */
  @ApiPropertyOptional({ type: 'integer', minimum: 1 })
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(1_000_000)
  version?: number;
}

/** A definition as lists show it. */
export class DefinitionSummaryDto {
  @ApiProperty({ example: 'email-campaign' })
  name!: string;

  @ApiProperty({ type: 'integer' })
  version!: number;

  @ApiProperty()
  title!: string;

  @ApiPropertyOptional()
  description?: string;

  @ApiProperty({ description: 'What the consents of a session must cover' })
  purpose!: string;

  @ApiProperty({ enum: ['builtin', 'tenant'] })
  source!: string;

  @ApiProperty({ type: [String], description: 'Names of its agents, in the order of the phases' })
  agents!: string[];
}
