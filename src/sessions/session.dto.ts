import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayNotEmpty,
  IsArray,
  IsObject,
  IsOptional,
  ValidateBy,
  ValidateNested,
} from 'class-validator';
import type { RecordedConsent } from '../compliance/consent/consent.js';
import {
  ConsentDto,
  consentDtoOf,
  MAX_CONSENTS,
  RecordedConsentDto,
} from '../compliance/consent/consent.dto.js';
import type { Session } from './session.js';
import type { SessionMetadata } from './session-metadata.js';

const MAX_METADATA_BYTES = 16_384;

/** What a new session starts with. */
export class CreateSessionDto {
  /** Consents recorded together with the session. */
  @ApiPropertyOptional({ type: [ConsentDto], maxItems: MAX_CONSENTS })
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(MAX_CONSENTS)
  @ValidateNested({ each: true })
  @Type(() => ConsentDto)
  consents?: ConsentDto[];

  /** Anything the client wants to keep with the session: a JSON object of at most 16 KiB, stored encrypted. */
  @ApiPropertyOptional({ type: 'object', additionalProperties: true })
  @IsOptional()
  @IsObject()
  @ValidateBy({
    name: 'maxJsonBytes',
    validator: {
      validate: (value: unknown) => jsonBytesOf(value) <= MAX_METADATA_BYTES,
      defaultMessage: () => `metadata must not exceed ${MAX_METADATA_BYTES} bytes of JSON`,
    },
  })
  metadata?: Record<string, unknown>;
}

/** Consents to be recorded in a session. What they do not speak of stays as it is. */
export class RecordConsentsDto {
  @ApiProperty({ type: [ConsentDto], minItems: 1, maxItems: MAX_CONSENTS })
  @IsArray()
  @ArrayNotEmpty()
  @ArrayMaxSize(MAX_CONSENTS)
  @ValidateNested({ each: true })
  @Type(() => ConsentDto)
  consents!: ConsentDto[];
}

/** A session, as its owner sees it. */
export class SessionDto {
  @ApiProperty({ format: 'uuid' })
  id!: string;

  /** Id of the principal that opened it and alone may use it. */
  @ApiProperty({ format: 'uuid' })
  ownerId!: string;

  @ApiProperty({ format: 'uuid' })
  tenantId!: string;

  @ApiProperty({ format: 'date-time' })
  createdAt!: string;

  /** When it was last used, to within a minute. */
  @ApiProperty({ format: 'date-time' })
  lastSeenAt!: string;

  /** When it ends unless it is used before. */
  @ApiProperty({ format: 'date-time' })
  idleExpiresAt!: string;

  /** When it ends in any case. */
  @ApiProperty({ format: 'date-time' })
  expiresAt!: string;

  /** The newest word on each subject and purpose, withdrawals included. */
  @ApiProperty({ type: [RecordedConsentDto] })
  consents!: RecordedConsentDto[];

  /** As given at creation; absent when nothing was. */
  @ApiPropertyOptional({ type: 'object', additionalProperties: true })
  metadata?: SessionMetadata;
}

/** Documents nested so deep that JSON.stringify gives up count as endless. */
function jsonBytesOf(value: unknown): number {
  try {
    return Buffer.byteLength(JSON.stringify(value) ?? '', 'utf8');
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}

export function sessionDtoOf(
  session: Session,
  consents: readonly RecordedConsent[],
  metadata: SessionMetadata | undefined,
): SessionDto {
  return {
    id: session.id,
    ownerId: session.ownerId,
    tenantId: session.tenantId,
    createdAt: session.createdAt.toISOString(),
    lastSeenAt: session.lastSeenAt.toISOString(),
    idleExpiresAt: session.idleExpiresAt.toISOString(),
    expiresAt: session.expiresAt.toISOString(),
    consents: consents.map(consentDtoOf),
    ...(metadata && { metadata }),
  };
}
