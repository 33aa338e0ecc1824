import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsBoolean, IsIn, IsOptional, IsString, MaxLength, MinLength } from 'class-validator';
import type { SafeModeState } from './safe-mode.js';

const SCOPES = ['tenant', 'instance'] as const;
const SOURCES = ['configuration', 'instance', 'tenant', 'flag', 'unknown'] as const;

export class SetSafeModeDto {
  @ApiProperty()
  @IsBoolean()
  enabled!: boolean;

  @ApiProperty({ minLength: 1, maxLength: 500, description: 'Personal data in it is replaced' })
  @IsString()
  @MinLength(1)
  @MaxLength(500)
  reason!: string;

  @ApiPropertyOptional({
    enum: SCOPES,
    description: '`instance` when absent for the tenant that administers it, else `tenant`',
  })
  @IsOptional()
  @IsIn(SCOPES)
  scope?: (typeof SCOPES)[number];
}

export class SafeModeCauseDto {
  @ApiProperty({ enum: SOURCES, description: '`unknown`: the switches cannot be read' })
  source!: string;

  @ApiProperty({ type: String, nullable: true })
  reason!: string | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  since!: string | null;
}

export class SafeModeDto {
  @ApiProperty({ description: 'Whether nothing outside is called for the caller’s tenant' })
  enabled!: boolean;

  @ApiProperty({ type: String, nullable: true, description: 'Of the first cause that has one' })
  reason!: string | null;

  @ApiProperty({ type: [SafeModeCauseDto], description: 'All that keeps it on' })
  causes!: SafeModeCauseDto[];
}

export function safeModeDtoOf({ enabled, causes }: SafeModeState): SafeModeDto {
  return {
    enabled,
    reason: causes.find(({ reason }) => reason !== null)?.reason ?? null,
    causes: causes.map(({ source, reason, since }) => ({
      source,
      reason,
      since: since?.toISOString() ?? null,
    })),
  };
}
