import { ApiProperty } from '@nestjs/swagger';
import { ArrayMaxSize, ArrayNotEmpty, IsArray, IsIn, IsString } from 'class-validator';
import { MAX_TEXTS, REDACTION_OPERATORS, type RedactionOperator } from './pii.service.js';

/** Texts to look for personal values in. */
export class DetectPiiDto {
  /** At most 1,000 texts, each of at most 1 MiB characters and 10 MiB together. */
  @ApiProperty({ type: [String], minItems: 1, maxItems: MAX_TEXTS, example: ['Write to jane@example.com'] })
  @IsArray()
  @ArrayNotEmpty()
  @ArrayMaxSize(MAX_TEXTS)
  @IsString({ each: true })
  texts!: string[];
}

/** Texts to replace personal values in. */
export class RedactPiiDto extends DetectPiiDto {
  /** `replace` writes the kind of value, `mask` leaves a hint of it, `hash` writes a keyed digest of it. */
  @ApiProperty({ enum: REDACTION_OPERATORS })
  @IsIn(REDACTION_OPERATORS)
  operator!: RedactionOperator;
}

/** One value found in a text. */
export class PiiFindingDto {
  @ApiProperty({ example: 'EMAIL' })
  entity!: string;

  /** First UTF-16 code unit of the value. */
  @ApiProperty({ example: 9 })
  start!: number;

  /** The UTF-16 code unit behind the value. */
  @ApiProperty({ example: 25 })
  end!: number;

  /** How sure the detector is, from 0 to 1. */
  @ApiProperty({ minimum: 0, maximum: 1, example: 0.95 })
  score!: number;
}

/** The findings of each text, in the order of the texts. */
export class DetectedPiiDto {
  @ApiProperty({
    type: 'array',
    items: { type: 'array', items: { $ref: '#/components/schemas/PiiFindingDto' } },
  })
  results!: PiiFindingDto[][];
}

/** A text with its personal values replaced. */
export class RedactedTextDto {
  @ApiProperty()
  text!: string;

  /** What was found; the offsets are those of the replacements in the new text. */
  @ApiProperty({ type: [PiiFindingDto] })
  findings!: PiiFindingDto[];
}

/** The redacted texts, in the order of the texts. */
export class RedactedPiiDto {
  @ApiProperty({ type: [RedactedTextDto] })
  results!: RedactedTextDto[];
}
