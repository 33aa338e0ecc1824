import { ApiProperty } from '@nestjs/swagger';
import {
  ArrayMaxSize,
  ArrayNotEmpty,
  ArrayUnique,
  IsArray,
  IsIn,
  IsUUID,
  Length,
  MaxLength,
} from 'class-validator';

/** What the value behind a token may be looked at for. */
export const REVEAL_PURPOSES = [
  'data-subject-request',
  'delivery',
  'incident',
  'legal-claim',
  'review',
] as const;

export type RevealPurpose = (typeof REVEAL_PURPOSES)[number];

const MAX_TOKENS = 100;

/** `POST /v1/pii/reveal` */
export class RevealDto {
  /** The run in which the tokens stand. */
  @ApiProperty({ format: 'uuid' })
  @IsUUID()
  runId!: string;

  /** At most 100 tokens, as they stand in texts. */
  @ApiProperty({ type: [String], minItems: 1, maxItems: MAX_TOKENS, example: ['\u27e6EMAIL_1\u27e7'] })
  @IsArray()
  @ArrayNotEmpty()
  @ArrayMaxSize(MAX_TOKENS)
  @ArrayUnique()
  @MaxLength(200, { each: true })
  tokens!: string[];

  /** A value of a restricted person is shown for `legal-claim` only. */
  @ApiProperty({ enum: REVEAL_PURPOSES })
  @IsIn(REVEAL_PURPOSES)
  purpose!: RevealPurpose;

  /** Why, in words. Kept sealed: it may name people. */
  @ApiProperty({ minLength: 3, maxLength: 500 })
  @Length(3, 500)
  reason!: string;
}

/** The value behind a token. */
export class RevealedValueDto {
  @ApiProperty()
  token!: string;

  @ApiProperty({ example: 'EMAIL' })
  entity!: string;

  @ApiProperty({ description: 'Reference of the person it belongs to' })
  subjectRef!: string;

  @ApiProperty()
  value!: string;
}

/** What could be shown; tokens that are unknown, erased or restricted are left out. */
export class RevealedDto {
  @ApiProperty({ format: 'uuid', description: 'Audit event `pii.revealed`' })
  eventId!: string;

  @ApiProperty({ type: [RevealedValueDto] })
  values!: RevealedValueDto[];
}
