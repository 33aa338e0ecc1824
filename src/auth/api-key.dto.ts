import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import {
  ArrayMaxSize,
  ArrayNotEmpty,
  ArrayUnique,
  IsArray,
  IsIn,
  IsISO8601,
  IsOptional,
  IsString,
  Length,
  Matches,
} from 'class-validator';
import { Impersonal } from '../http/impersonal.js';
import type { ApiKey } from './api-key.repository.js';
import type { CreatedApiKey } from './api-key.service.js';
import { ROLES, type Role } from './principal.js';

/** What a new API key is to be. */
export class CreateApiKeyDto {
  /** What the key is for, in the caller's words. */
  @ApiProperty({ example: 'campaign importer', minLength: 1, maxLength: 100 })
  @IsString()
  @Length(1, 100)
  @Matches(/^(?=.*\S)[^\p{Cc}\p{Cs}]*$/u, { message: 'name must be one line of text' })
  @Impersonal()
  name!: string;

  /** What the bearer of the key may do. */
  @ApiProperty({ enum: ROLES, isArray: true, example: ['operator'] })
  @IsArray()
  @ArrayNotEmpty()
  @ArrayMaxSize(ROLES.length)
  @ArrayUnique()
  @IsIn(ROLES, { each: true })
  roles!: Role[];

  /** When the key stops working; without it, never. */
  @ApiPropertyOptional({ format: 'date-time', example: '2031-01-01T00:00:00.000Z' })
  @IsOptional()
  @IsISO8601({ strict: true })
  @Matches(/T.*(Z|[+-]\d{2}:\d{2})$/, { message: 'expiresAt must name its time and its offset from UTC' })
  expiresAt?: string;
}

/** An API key as lists show it: never the key itself. */
export class ApiKeyDto {
  @ApiProperty({ format: 'uuid' })
  id!: string;

  @ApiProperty()
  name!: string;

  @ApiProperty({ enum: ROLES, isArray: true })
  roles!: Role[];

  /** The beginning of the key, to recognise it by. */
  @ApiProperty({ example: 'cs_prod_Zk3a' })
  prefix!: string;

  /** Id of the principal that made the key, or `configuration`. */
  @ApiProperty()
  createdBy!: string;

  @ApiProperty({ format: 'date-time' })
  createdAt!: string;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  expiresAt!: string | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  revokedAt!: string | null;
}

/** A page of API keys, newest first. */
export class ApiKeyPageDto {
  @ApiProperty({ type: [ApiKeyDto] })
  items!: ApiKeyDto[];

  @ApiProperty({ type: String, nullable: true })
  nextCursor!: string | null;
}

/** A key just made. */
export class CreatedApiKeyDto {
  @ApiProperty({ format: 'uuid' })
  id!: string;

  @ApiProperty()
  name!: string;

  @ApiProperty({ enum: ROLES, isArray: true })
  roles!: Role[];

  @ApiProperty()
  prefix!: string;

  @ApiProperty({ format: 'date-time' })
  createdAt!: string;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  expiresAt!: string | null;

  /** The key itself: shown in this answer and never again. */
  @ApiProperty({ example: 'cs_prod_Zk3a…' })
  key!: string;
}

export function apiKeyDtoOf(key: ApiKey): ApiKeyDto {
  return {
    id: key.id,
    name: key.name,
    roles: [...key.roles],
    prefix: key.prefix,
    createdBy: key.createdBy,
    createdAt: key.createdAt.toISOString(),
    expiresAt: key.expiresAt?.toISOString() ?? null,
    revokedAt: key.revokedAt?.toISOString() ?? null,
  };
}

export function createdApiKeyDtoOf(created: CreatedApiKey): CreatedApiKeyDto {
  return {
    id: created.id,
    name: created.name,
    roles: [...created.roles],
    prefix: created.prefix,
    createdAt: created.createdAt.toISOString(),
    expiresAt: created.expiresAt?.toISOString() ?? null,
    key: created.key,
  };
}
