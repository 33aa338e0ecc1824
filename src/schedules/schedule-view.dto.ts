import { ApiProperty } from '@nestjs/swagger';
import { RUN_STATUSES, type RunStatus } from '../compliance/state/phases.js';
import { FIRE_OUTCOMES, type FireOutcome, type FireTrigger, type Overlap, OVERLAPS } from './schedule.js';

/** One fire of a schedule and what became of it. */
export class ScheduleFireDto {
  @ApiProperty({ format: 'uuid' })
  id!: string;

  @ApiProperty({ format: 'uuid' })
  scheduleId!: string;

  @ApiProperty({ format: 'date-time', description: 'The time by the cron expression, without jitter' })
  fireAt!: string;

  @ApiProperty({ enum: ['schedule', 'manual', 'backfill'] })
  trigger!: FireTrigger;

  @ApiProperty({ enum: FIRE_OUTCOMES, description: '`pending` and `waiting` are not final' })
  outcome!: FireOutcome;

  @ApiProperty({
    type: String,
    nullable: true,
    example: 'OVERLAP',
    description:
      'Why there is no run: OVERLAP, PAUSED, DELETED, MISSED, OWNER_…, or a code of the error catalogue',
  })
  code!: string | null;

  @ApiProperty({ type: String, nullable: true, description: 'The compliance rule that denied' })
  rule!: string | null;

  @ApiProperty({ type: 'integer', description: 'How many missed fire times this stands for, else 1' })
  count!: number;

  @ApiProperty({ type: String, format: 'date-time', nullable: true, description: 'The last of them' })
  untilAt!: string | null;

  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  runId!: string | null;

  @ApiProperty({ enum: RUN_STATUSES, nullable: true, description: 'Where the run stands now' })
  runStatus!: RunStatus | null;

  @ApiProperty({ format: 'date-time' })
  createdAt!: string;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  settledAt!: string | null;
}

/** How often each outcome came about; missed fire times are counted one by one. */
export class ScheduleCountsDto {
  @ApiProperty({ type: 'integer' })
  started!: number;

  @ApiProperty({ type: 'integer' })
  skipped!: number;

  @ApiProperty({ type: 'integer' })
  missed!: number;

  @ApiProperty({ type: 'integer' })
  denied!: number;
}

/** A schedule as lists show it. Its input is never shown: it may be personal. */
export class ScheduleDto {
  @ApiProperty({ format: 'uuid' })
  id!: string;

  @ApiProperty()
  name!: string;

  @ApiProperty({ enum: ['active', 'paused', 'ended'] })
  status!: 'active' | 'paused' | 'ended';

  @ApiProperty()
  paused!: boolean;

  @ApiProperty({ type: String, nullable: true, description: 'REQUESTED, or why it paused itself' })
  pauseReason!: string | null;

  @ApiProperty({ format: 'uuid', description: 'Id of the principal whose runs these are' })
  ownerId!: string;

  @ApiProperty({ example: 'email-campaign' })
  definition!: string;

  @ApiProperty({ type: Number, nullable: true, description: 'Null: the newest at each fire' })
  version!: number | null;

  @ApiProperty({ format: 'uuid', description: 'The session whose consents the runs carry' })
  sessionId!: string;

  @ApiProperty({ type: 'object', additionalProperties: { type: 'string' } })
  attributes!: Record<string, string>;

  @ApiProperty({ example: '30 8 * * 1' })
  cron!: string;

  @ApiProperty({ example: 'Europe/Berlin' })
  timeZone!: string;

  @ApiProperty({ enum: OVERLAPS })
  overlap!: Overlap;

  @ApiProperty({ type: 'integer' })
  catchUpWindowSeconds!: number;

  @ApiProperty({ type: 'integer' })
  jitterSeconds!: number;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  startAt!: string | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  endAt!: string | null;

  @ApiProperty({
    type: String,
    format: 'date-time',
    nullable: true,
    description: 'Null while paused, and at the end',
  })
  nextFireAt!: string | null;

  @ApiProperty({ type: ScheduleCountsDto })
  counts!: ScheduleCountsDto;

  @ApiProperty({ type: ScheduleFireDto, nullable: true, description: 'The fire that got its outcome last' })
  lastOutcome!: ScheduleFireDto | null;

  @ApiProperty({ format: 'date-time' })
  createdAt!: string;

  @ApiProperty({ format: 'date-time' })
  updatedAt!: string;

  @ApiProperty({ type: 'object', additionalProperties: { type: 'string' } })
  links!: Record<string, string>;
}

/** A schedule with what comes next and what came last. */
export class ScheduleDetailDto extends ScheduleDto {
  @ApiProperty({ type: [String], description: 'The next five; none while paused' })
  nextFireTimes!: string[];

  @ApiProperty({ type: [ScheduleFireDto], description: 'The newest five' })
  lastFires!: ScheduleFireDto[];
}

export class BackfillAnswerDto {
  @ApiProperty({ type: 'integer', description: 'Fire times that will be carried out' })
  accepted!: number;

  @ApiProperty({ type: 'integer', description: 'Fire times left alone: they have a run, or are under way' })
  alreadyFired!: number;
}

export class PreviewAnswerDto {
  @ApiProperty({ example: '30 8 * * 1' })
  cron!: string;

  @ApiProperty({ example: 'Europe/Berlin' })
  timeZone!: string;

  @ApiProperty({ type: [String] })
  nextFireTimes!: string[];
}
