import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  IsArray,
  IsIn,
  IsInt,
  IsObject,
  IsOptional,
  IsString,
  IsUUID,
  Matches,
  Max,
  MaxLength,
  Min,
  MinLength,
  registerDecorator,
  ValidateNested,
} from 'class-validator';
import { PageQuery } from '../http/paging.js';
import { APPROVAL_STATUSES } from './review/approval.dto.js';

export const MAX_ATTRIBUTES = 20;

/** `POST /v1/workflows` */
export class StartWorkflowDto {
  /** Name of the workflow definition. */
  @ApiProperty({ example: 'email-campaign' })
  @IsString()
  @MinLength(1)
  @MaxLength(63)
  definition!: string;

  /** Version of the definition; the newest when absent. */
  @ApiPropertyOptional({ type: 'integer', minimum: 1 })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(1_000_000)
  version?: number;

  /** The session that carries the consents. */
  @ApiProperty({ format: 'uuid' })
  @IsUUID()
  sessionId!: string;

  /** The input, as the definition's JSON Schema asks. */
  @ApiProperty({ type: 'object', additionalProperties: true })
  @IsObject()
  input!: Record<string, unknown>;

  /** Up to 20 short texts to find the run by; no personal data. */
  @ApiPropertyOptional({ type: 'object', additionalProperties: { type: 'string' } })
  @IsOptional()
  @IsAttributes()
  attributes?: Record<string, string>;
}

/** `POST /v1/workflows/:id/cancel`; the body may be absent. */
export class CancelWorkflowDto {
  /** Why; personal data in it is tokenised before it is stored. */
  @ApiPropertyOptional()
  @IsOptional()
  @IsString()
  @MinLength(1)
  @MaxLength(2_000)
  reason?: string;
}

/** One edit of a message before it is approved. */
export class EmailEditDto {
  /** Index of the message, from 0. */
  @ApiProperty({ type: 'integer', minimum: 0 })
  @IsInt()
  @Min(0)
  @Max(9_999)
  index!: number;

  @ApiPropertyOptional()
  @IsOptional()
  @IsString()
  @MinLength(1)
  @MaxLength(150)
  @Matches(/^[^\r\n]*$/, { message: 'must be one line' })
  subject?: string;

  @ApiPropertyOptional()
  @IsOptional()
  @IsString()
  @MinLength(1)
  @MaxLength(100_000)
  body?: string;
}

export class EditsDto {
  @ApiProperty({ type: [EmailEditDto] })
  @IsArray()
  @ArrayMaxSize(10_000)
  @ValidateNested({ each: true })
  @Type(() => EmailEditDto)
  emails!: EmailEditDto[];
}

/** `POST /v1/workflows/:id/approvals` */
export class DecisionDto {
  @ApiProperty({ enum: ['approve', 'reject', 'request_changes'] })
  @IsIn(['approve', 'reject', 'request_changes'])
  decision!: 'approve' | 'reject' | 'request_changes';

  /** Why; required when changes are asked for. */
  @ApiPropertyOptional()
  @IsOptional()
  @IsString()
  @MaxLength(5_000)
  comment?: string;

  /** Changes to the artefact, made before it is approved. */
  @ApiPropertyOptional({ type: EditsDto })
  @IsOptional()
  @ValidateNested()
  @Type(() => EditsDto)
  edits?: EditsDto;
}

/** Filters of `GET /v1/approvals`. */
export class ListApprovalsQuery extends PageQuery {
  @ApiPropertyOptional({
    enum: APPROVAL_STATUSES,
  })
  @IsOptional()
  @IsIn(APPROVAL_STATUSES)
  status?: string;

  /** Only what waits for the decision of who asks: pending, their role or handed to them, not decided by them. */
  @ApiPropertyOptional({ type: 'boolean' })
  @IsOptional()
  @IsIn(['true', 'false'])
  mine?: 'true' | 'false';
}

export const MAX_ATTRIBUTE_LENGTH = 200;
export const ATTRIBUTE_KEY = /^[A-Za-z][A-Za-z0-9_-]{0,63}$/;

/** Checks attributes: few, short, and with plain keys. */
export function IsAttributes(): PropertyDecorator {
  return (target, propertyKey) =>
    registerDecorator({
      name: 'isAttributes',
      target: target.constructor,
      propertyName: String(propertyKey),
      validator: {
        validate: (value: unknown) =>
          typeof value === 'object' &&
          value !== null &&
          !Array.isArray(value) &&
          Object.keys(value).length <= MAX_ATTRIBUTES &&
          Object.entries(value).every(
            ([key, text]) =>
              ATTRIBUTE_KEY.test(key) && typeof text === 'string' && text.length <= MAX_ATTRIBUTE_LENGTH,
          ),
        defaultMessage: () =>
          `must be an object of at most ${MAX_ATTRIBUTES} texts of at most ${MAX_ATTRIBUTE_LENGTH} characters, with keys of letters, digits, _ and -`,
      },
    });
}
