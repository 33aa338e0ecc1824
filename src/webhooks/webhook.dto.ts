import { ApiProperty, ApiPropertyOptional, PartialType } from '@nestjs/swagger';
import {
  ArrayMaxSize,
  ArrayNotEmpty,
  ArrayUnique,
  IsArray,
  IsBoolean,
  IsIn,
  IsInt,
  IsOptional,
  IsString,
  Length,
  Matches,
  Max,
  Min,
  ValidateBy,
  ValidateIf,
} from 'class-validator';
import { Impersonal } from '../http/impersonal.js';
import { RUN_EVENT_TYPES } from '../workflow/events/run-event-types.js';

const SUBSCRIBABLE = ['*', ...RUN_EVENT_TYPES] as const;
const DEFINITION_NAME = /^[a-z][a-z0-9-]{0,62}$/;
const DAY_SECONDS = 86_400;

/** `POST /v1/webhooks` */
export class CreateWebhookDto {
  /** Where messages are posted to. Stored encrypted. */
  @ApiProperty({ example: 'https://hooks.example.com/countersign', maxLength: 2_048 })
  @IsString()
  @Length(1, 2_048)
  url!: string;

  /** Types of events to be told; `*` alone stands for all, those to come included. */
  @ApiProperty({ enum: SUBSCRIBABLE, isArray: true, example: ['workflow.completed', 'workflow.failed'] })
  @IsArray()
  @ArrayNotEmpty()
  @ArrayMaxSize(SUBSCRIBABLE.length)
  @ArrayUnique()
  @IsIn(SUBSCRIBABLE, { each: true })
  @AloneIfAll()
  eventTypes!: string[];

  /** What the endpoint is for. */
  @ApiPropertyOptional({ type: String, nullable: true, maxLength: 200, example: 'CRM sync' })
  @IsOptional()
  @IsString()
  @Length(1, 200)
  @Matches(/^(?=.*\S)[^\p{Cc}\p{Cs}]*$/u, { message: 'description must be one line of text' })
  @Impersonal()
  description?: string | null;

  /** Only events of runs of this workflow definition. */
  @ApiPropertyOptional({ type: String, nullable: true, maxLength: 63, example: 'email-campaign' })
  @IsOptional()
  @IsString()
  @Matches(DEFINITION_NAME, { message: 'definition must be the name of a workflow definition' })
  @Impersonal()
  definition?: string | null;
}

/** `PATCH /v1/webhooks/:id`: what is not named stays as it is; null takes description or definition away. */
export class UpdateWebhookDto extends PartialType(CreateWebhookDto, { skipNullProperties: false }) {
  /** False stops deliveries until it is true again. */
  @ApiPropertyOptional()
  @ValidateIf((_body, value) => value !== undefined)
  @IsBoolean()
  enabled?: boolean;
}

/** `POST /v1/webhooks/:id/secrets` */
export class RotateSecretDto {
  /** How long the secrets before the new one sign beside it. */
  @ApiPropertyOptional({ type: 'integer', minimum: 0, maximum: 7 * DAY_SECONDS, default: DAY_SECONDS })
  @IsInt()
  @Min(0)
  @Max(7 * DAY_SECONDS)
  overlapSeconds: number = DAY_SECONDS;
}

/** A signing secret, without the secret. */
export class WebhookSecretDto {
  @ApiProperty({ format: 'uuid' })
  id!: string;

  @ApiProperty({ format: 'date-time' })
  createdAt!: string;

  /** When it stops signing; null for the newest. */
  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  expiresAt!: string | null;
}

/** A secret just made. */
export class CreatedSecretDto extends WebhookSecretDto {
  /** The secret itself: shown in this answer and never again. */
  @ApiProperty({ example: 'whsec_…' })
  secret!: string;
}

/** A webhook endpoint. */
export class WebhookDto {
  @ApiProperty({ format: 'uuid' })
  id!: string;

  @ApiProperty()
  url!: string;

  @ApiProperty({ enum: SUBSCRIBABLE, isArray: true })
  eventTypes!: string[];

  @ApiProperty({ type: String, nullable: true })
  description!: string | null;

  @ApiProperty({ type: String, nullable: true, description: 'Only runs of this definition; null = all' })
  definition!: string | null;

  @ApiProperty()
  enabled!: boolean;

  /** `requested` by somebody, `gone` (it answered 410), or `failing` for too long. */
  @ApiProperty({ enum: ['requested', 'gone', 'failing'], nullable: true })
  disabledReason!: string | null;

  /** Since when every attempt has failed. */
  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  failingSince!: string | null;

  /** Secrets that sign at the moment, newest first. */
  @ApiProperty({ type: [WebhookSecretDto] })
  secrets!: WebhookSecretDto[];

  /** Id of the principal that made it. */
  @ApiProperty()
  createdBy!: string;

  @ApiProperty({ format: 'date-time' })
  createdAt!: string;

  @ApiProperty({ format: 'date-time' })
  updatedAt!: string;
}

/** An endpoint just made. */
export class CreatedWebhookDto extends WebhookDto {
  /** The signing secret: shown in this answer and never again. */
  @ApiProperty({ example: 'whsec_…' })
  secret!: string;
}

/** `*` beside other types says the same thing twice, or something else than was meant. */
function AloneIfAll(): PropertyDecorator {
  return ValidateBy({
    name: 'aloneIfAll',
    validator: {
      validate: (value: unknown) => !Array.isArray(value) || !value.includes('*') || value.length === 1,
      defaultMessage: () => '* must stand alone',
    },
  });
}
