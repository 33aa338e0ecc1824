import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsBoolean, IsIn, isEmail, IsOptional, Matches, ValidateBy } from 'class-validator';
import { Impersonal } from '../../http/impersonal.js';
import {
  type Consent,
  EVERY_SUBJECT,
  LAWFUL_BASES,
  type LawfulBasis,
  type PastConsent,
  type RecordedConsent,
} from './consent.js';

/** Most consents of one request: one for each recipient of the largest campaign. */
export const MAX_CONSENTS = 10_000;
const TEXT_VERSION = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/** Whose data may be used for what, on which lawful basis. */
export class ConsentDto implements Consent {
  /** An e-mail address, or `*` for every subject. */
  @ApiProperty({ example: '*' })
  @ValidateBy({
    name: 'isConsentSubject',
    validator: {
      validate: (value: unknown) => value === EVERY_SUBJECT || (typeof value === 'string' && isEmail(value)),
      defaultMessage: () => 'subject must be an e-mail address or *',
    },
  })
  subject!: string;

  /** What the data is used for; a workflow asks for the consent of its own purpose. */
  @ApiProperty({ example: 'email-campaign', pattern: '^[a-z0-9][a-z0-9._-]{0,63}$' })
  @Matches(/^[a-z0-9][a-z0-9._-]{0,63}$/)
  @Impersonal()
  purpose!: string;

  /** Lawful basis by GDPR Art. 6(1). */
  @ApiProperty({ enum: LAWFUL_BASES })
  @IsIn(LAWFUL_BASES)
  lawfulBasis!: LawfulBasis;

  /** False withdraws what was granted. */
  @ApiProperty()
  @IsBoolean()
  granted!: boolean;

  /** Which version of the consent's text the subject was shown. */
  @ApiPropertyOptional({ example: '2026-03', pattern: TEXT_VERSION.source })
  @IsOptional()
  @Matches(TEXT_VERSION)
  @Impersonal()
  textVersion?: string;
}

/** A consent that holds, and since when. */
export class RecordedConsentDto {
  @ApiProperty({ example: '*' })
  subject!: string;

  @ApiProperty({ example: 'email-campaign' })
  purpose!: string;

  @ApiProperty({ enum: LAWFUL_BASES })
  lawfulBasis!: LawfulBasis;

  @ApiProperty()
  granted!: boolean;

  @ApiPropertyOptional({ example: '2026-03' })
  textVersion?: string;

  @ApiProperty({ format: 'date-time' })
  recordedAt!: string;
}

export function consentDtoOf(consent: RecordedConsent): RecordedConsentDto {
  const { subject, purpose, lawfulBasis, granted, textVersion, recordedAt } = consent;
  return {
    subject,
    purpose,
    lawfulBasis,
    granted,
    ...(textVersion !== undefined && { textVersion }),
    recordedAt: recordedAt.toISOString(),
  };
}

/** One word of the history of consents. */
export class PastConsentDto extends RecordedConsentDto {
  @ApiProperty({ format: 'uuid' })
  id!: string;

  /** Null for a withdrawal that holds in every session. */
  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  sessionId!: string | null;

  /** Id of the principal. */
  @ApiProperty()
  recordedBy!: string;
}

export function pastConsentDtoOf(consent: PastConsent): PastConsentDto {
  const { id, sessionId, subject, purpose, lawfulBasis, granted, textVersion, recordedBy } = consent;
  const word = { subject, purpose, lawfulBasis, granted, ...(textVersion !== undefined && { textVersion }) };
  return { id, sessionId, ...word, recordedAt: consent.recordedAt.toISOString(), recordedBy };
}
