import { ApiProperty, ApiPropertyOptional, OmitType, PartialType } from '@nestjs/swagger';
import {
  IsBoolean,
  IsIn,
  IsInt,
  IsOptional,
  IsString,
  Length,
  Matches,
  Max,
  Min,
  ValidateIf,
} from 'class-validator';
import { Impersonal } from '../http/impersonal.js';
import { IsInstant } from '../http/is-instant.js';
import { StartWorkflowDto } from '../workflow/workflow.dto.js';
import { IsCron, IsTimeZoneName } from './cron-validators.js';
import { type Overlap, OVERLAPS } from './schedule.js';

/** Absent means the default, null is no value. */
function IfGiven(): PropertyDecorator {
  return ValidateIf((_, value) => value !== undefined);
}

/** Seven days: what was missed longer ago than that is for a backfill. */
const MAX_CATCH_UP_SECONDS = 604_800;

/** `POST /v1/schedules`: what a run needs, and when. */
export class CreateScheduleDto extends StartWorkflowDto {
  /** What the schedule is for, one line; unique in the tenant, no personal data. */
  @ApiProperty({ example: 'renewals, every Monday', minLength: 1, maxLength: 100 })
  @IsString()
  @Length(1, 100)
  @Matches(/^(?=.*\S)[^\p{Cc}\p{Cs}]*$/u, { message: 'name must be one line of text' })
  @Impersonal()
  name!: string;

  /** Five fields (minute, hour, day of month, month, day of week), or `@hourly`, `@daily`, `@weekly`, `@monthly`, `@yearly`. */
  @ApiProperty({ example: '30 8 * * 1' })
  @IsCron()
  cron!: string;

  /** IANA time zone whose clocks the expression means. */
  @ApiPropertyOptional({ default: 'UTC', example: 'Europe/Berlin' })
  @IfGiven()
  @IsTimeZoneName()
  timeZone?: string;

  /** What happens to a fire while a run of this schedule is open: left out, kept (one at most), started all the same, or the run is cancelled first. */
  @ApiPropertyOptional({ enum: OVERLAPS, default: 'skip' })
  @IfGiven()
  @IsIn(OVERLAPS)
  overlap?: Overlap;

  /** How late a fire may be carried out after the system was down; older ones are counted as missed. */
  @ApiPropertyOptional({ type: 'integer', minimum: 0, maximum: MAX_CATCH_UP_SECONDS, default: 60 })
  @IfGiven()
  @IsInt()
  @Min(0)
  @Max(MAX_CATCH_UP_SECONDS)
  catchUpWindowSeconds?: number;

  /** Each fire is put off by up to this much, always the same for one fire time, so that many schedules do not start at once. */
  @ApiPropertyOptional({ type: 'integer', minimum: 0, maximum: 3_600, default: 0 })
  @IfGiven()
  @IsInt()
  @Min(0)
  @Max(3_600)
  jitterSeconds?: number;

  /** No fire before then. */
  @ApiPropertyOptional({ type: String, format: 'date-time', nullable: true })
  @IsOptional()
  @IsInstant()
  startAt?: string | null;

  /** No fire after then. */
  @ApiPropertyOptional({ type: String, format: 'date-time', nullable: true })
  @IsOptional()
  @IsInstant()
  endAt?: string | null;

  /** Whether it waits to be resumed. */
  @ApiPropertyOptional({ default: false })
  @IfGiven()
  @IsBoolean()
  paused?: boolean;
}

/** `PATCH /v1/schedules/:id`: what is named is changed; null takes `version`, `attributes`, `startAt` or `endAt` away. */
export class UpdateScheduleDto extends PartialType(
  OmitType(CreateScheduleDto, ['definition', 'version'] as const),
  { skipNullProperties: false },
) {
  /** Version of the definition; null: the newest at each fire. */
  @ApiPropertyOptional({ type: 'integer', minimum: 1, nullable: true })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(1_000_000)
  version?: number | null;
}

/** `POST /v1/schedules/:id/trigger` */
export class TriggerScheduleDto {
  /** Instead of what the schedule says. */
  @ApiPropertyOptional({ enum: OVERLAPS })
  @IfGiven()
  @IsIn(OVERLAPS)
  overlap?: Overlap;
}

/** `POST /v1/schedules/:id/backfill` */
export class BackfillScheduleDto {
  /** First moment whose fires are carried out. */
  @ApiProperty({ format: 'date-time' })
  @IsInstant()
  from!: string;

  /** Last moment, not in the future. */
  @ApiProperty({ format: 'date-time' })
  @IsInstant()
  to!: string;

  /** What happens while a run of this schedule is open. */
  @ApiPropertyOptional({ enum: OVERLAPS, default: 'allow' })
  @IsIn(OVERLAPS)
  overlap: Overlap = 'allow';
}

/** `POST /v1/schedules/preview` */
export class PreviewScheduleDto {
  @ApiProperty({ example: '30 8 * * 1' })
  @IsCron()
  cron!: string;

  @ApiPropertyOptional({ default: 'UTC', example: 'Europe/Berlin' })
  @IsTimeZoneName()
  timeZone: string = 'UTC';

  /** How many times to show. */
  @ApiPropertyOptional({ type: 'integer', minimum: 1, maximum: 100, default: 5 })
  @IsInt()
  @Min(1)
  @Max(100)
  count: number = 5;

  /** The moment after which to look; now when absent. */
  @ApiPropertyOptional({ format: 'date-time' })
  @IfGiven()
  @IsInstant()
  after?: string;
}
