import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsUUID, Matches, ValidateIf } from 'class-validator';
import { Impersonal } from '../../http/impersonal.js';
import { IsInstant } from '../../http/is-instant.js';
import { IsSubject } from '../pii/subject.dto.js';
import { type LegalHold, statusOf } from './legal-hold.js';

const SCOPES = ['tenant', 'run', 'subject', 'period'] as const;
const REFERENCE = /^[A-Za-z0-9][A-Za-z0-9 ._/:#-]{0,99}$/;

/** Where the reason of a hold is kept. */
export class SubjectHoldDto {
  /** Number of the case; no personal data. */
  @ApiProperty({ example: 'case 2026/117', pattern: REFERENCE.source })
  @Matches(REFERENCE)
  @Impersonal()
  reference!: string;
}

/** `POST /v1/audit/holds` */
export class PlaceHoldDto extends SubjectHoldDto {
  @ApiProperty({ enum: SCOPES })
  @IsIn(SCOPES)
  scope!: (typeof SCOPES)[number];

  /** With the scope `run`. */
  @ApiPropertyOptional({ format: 'uuid' })
  @ValidateIf(({ scope, runId }: PlaceHoldDto) => scope === 'run' || runId !== undefined)
  @IsUUID()
  runId?: string;

  /** With the scope `subject`: an e-mail address or a reference. */
  @ApiPropertyOptional()
  @ValidateIf(({ scope, subject }: PlaceHoldDto) => scope === 'subject' || subject !== undefined)
  @IsSubject()
  subject?: string;

  /** With the scope `period`: the earliest time, inclusive. */
  @ApiPropertyOptional({ format: 'date-time' })
  @ValidateIf(({ scope, from }: PlaceHoldDto) => scope === 'period' || from !== undefined)
  @IsInstant()
  from?: string;

  /** With the scope `period`: the latest time, exclusive. */
  @ApiPropertyOptional({ format: 'date-time' })
  @ValidateIf(({ scope, to }: PlaceHoldDto) => scope === 'period' || to !== undefined)
  @IsInstant()
  to?: string;
}

/** A legal hold as it stands. */
export class LegalHoldDto {
  @ApiProperty({ format: 'uuid' })
  id!: string;

  @ApiProperty({ enum: SCOPES })
  scope!: string;

  @ApiProperty({ enum: ['standing', 'lift_requested', 'lifted'] })
  status!: string;

  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  runId!: string | null;

  @ApiProperty({ type: String, nullable: true, description: 'Reference of the person' })
  subjectRef!: string | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  from!: string | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  to!: string | null;

  @ApiProperty()
  reference!: string;

  @ApiProperty({ description: 'Id of the principal' })
  setBy!: string;

  @ApiProperty({ format: 'date-time' })
  setAt!: string;

  @ApiProperty({ type: String, nullable: true })
  liftRequestedBy!: string | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  liftRequestedAt!: string | null;

  @ApiProperty({ type: String, nullable: true })
  liftedBy!: string | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  liftedAt!: string | null;
}

export function legalHoldDtoOf(hold: LegalHold): LegalHoldDto {
  return {
    id: hold.id,
    scope: hold.scope,
    status: statusOf(hold),
    runId: hold.runId,
    subjectRef: hold.subjectRef,
    from: hold.from?.toISOString() ?? null,
    to: hold.to?.toISOString() ?? null,
    reference: hold.reference,
    setBy: hold.setBy,
    setAt: hold.setAt.toISOString(),
    liftRequestedBy: hold.liftRequestedBy,
    liftRequestedAt: hold.liftRequestedAt?.toISOString() ?? null,
    liftedBy: hold.liftedBy,
    liftedAt: hold.liftedAt?.toISOString() ?? null,
  };
}
