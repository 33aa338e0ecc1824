import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { type Classification, CLASSIFICATIONS } from '../compliance/state/classification.js';
import { PHASES, type Phase, RUN_STATUSES, type RunStatus } from '../compliance/state/phases.js';
import { ApprovalDto } from './review/approval.dto.js';

/** Where a fork comes from. */
export class ForkOriginDto {
  @ApiProperty({ format: 'uuid', description: 'The run whose steps it has taken over' })
  runId!: string;

  @ApiProperty({ enum: PHASES, description: 'The first phase that the fork does itself' })
  phase!: Phase;
}

/** A run as lists show it. */
export class RunSummaryDto {
  @ApiProperty({ format: 'uuid' })
  id!: string;

  @ApiProperty({ example: 'email-campaign' })
  definition!: string;

  @ApiProperty({ type: 'integer', description: 'Version of the definition, fixed at the start' })
  version!: number;

  @ApiProperty({ enum: RUN_STATUSES })
  status!: RunStatus;

  @ApiProperty({ enum: PHASES })
  phase!: Phase;

  @ApiProperty({ format: 'uuid' })
  sessionId!: string;

  @ApiProperty({ description: 'Id of the principal that started it' })
  ownerId!: string;

  @ApiProperty({ type: 'object', additionalProperties: { type: 'string' } })
  attributes!: Record<string, string>;

  @ApiProperty({ description: 'Whether a fallback has answered in place of the model' })
  degraded!: boolean;

  @ApiProperty({
    enum: CLASSIFICATIONS,
    description: 'How sensitive its data is; it may rise and never falls',
  })
  classification!: Classification;

  @ApiProperty({
    type: 'integer',
    description: 'Version of the policies under which it was started; 0 = the built-in ones alone',
  })
  policyVersion!: number;

  @ApiProperty({
    type: 'integer',
    minimum: 1,
    description: 'How often it was set going: 1, and one more for each retry',
  })
  attempt!: number;

  @ApiProperty({ type: ForkOriginDto, nullable: true })
  forkedFrom!: ForkOriginDto | null;

  @ApiProperty({ format: 'date-time' })
  createdAt!: string;

  @ApiProperty({ format: 'date-time' })
  updatedAt!: string;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  completedAt!: string | null;

  @ApiProperty({ type: 'object', additionalProperties: { type: 'string' } })
  links!: Record<string, string>;
}

export class UsageDto {
  @ApiProperty({ type: 'integer' })
  inputTokens!: number;

  @ApiProperty({ type: 'integer' })
  outputTokens!: number;

  @ApiProperty()
  costUsd!: number;
}

/** What a running run waits for inside its phase. */
export class WaitingForDto {
  @ApiProperty({ enum: ['timer', 'signal', 'any', 'retry'], description: 'any: the first of several' })
  kind!: string;

  @ApiProperty({ type: [String], description: 'Names of the signals that let it go on' })
  signals!: string[];

  @ApiProperty({ format: 'date-time' })
  since!: string;

  @ApiProperty({
    type: String,
    format: 'date-time',
    nullable: true,
    description: 'When it goes on, or gives up',
  })
  until!: string | null;
}

/** A run in full, with tokens in place of personal data. */
export class RunDto extends RunSummaryDto {
  @ApiProperty({ type: 'object', additionalProperties: true })
  input!: Record<string, unknown>;

  @ApiProperty({ type: 'object', additionalProperties: true, nullable: true })
  output!: Record<string, unknown> | null;

  @ApiProperty({
    type: 'object',
    additionalProperties: true,
    description: 'Times and states of its agents, and the last error',
  })
  contextData!: Record<string, unknown>;

  @ApiProperty({ type: 'object', additionalProperties: true, description: 'By agent' })
  errorRecoveryState!: Record<string, unknown>;

  @ApiProperty({
    type: 'object',
    additionalProperties: { type: 'integer' },
    description: 'Extra attempts, by agent',
  })
  recoveryAttempts!: Record<string, number>;

  @ApiProperty({ type: WaitingForDto, nullable: true })
  waitingFor!: WaitingForDto | null;

  @ApiProperty({
    type: String,
    format: 'date-time',
    nullable: true,
    description: 'It ends FAILED with RUN_TIMED_OUT when it has not ended by then',
  })
  deadlineAt!: string | null;

  @ApiProperty({ type: [ApprovalDto] })
  approvals!: ApprovalDto[];

  @ApiProperty({ type: UsageDto })
  usage!: UsageDto;
}

/** One line of a run's history. */
export class HistoryEntryDto {
  @ApiProperty({ type: 'integer', description: 'From 1, without gaps' })
  seq!: number;

  @ApiProperty({ enum: ['step', 'transition', 'approval', 'delivery', 'control', 'wait'] })
  kind!: string;

  @ApiProperty({ enum: PHASES })
  phase!: Phase;

  @ApiPropertyOptional()
  agent?: string;

  @ApiProperty({ type: 'integer' })
  attempt!: number;

  @ApiProperty({ example: 'completed', description: '`replayed` for a step that a fork has taken over' })
  status!: string;

  @ApiPropertyOptional()
  from?: string;

  @ApiPropertyOptional()
  to?: string;

  @ApiProperty({ type: 'integer' })
  durationMs!: number;

  @ApiPropertyOptional({ type: UsageDto })
  usage?: UsageDto;

  @ApiProperty()
  degraded!: boolean;

  @ApiPropertyOptional({ type: 'object', additionalProperties: true })
  detail?: Record<string, unknown>;

  @ApiPropertyOptional({ description: 'What a step has given; any JSON' })
  output?: unknown;

  @ApiPropertyOptional({ description: 'SHA-256 of the canonical output, hexadecimal' })
  outputHash?: string;

  @ApiProperty({ format: 'date-time' })
  startedAt!: string;

  @ApiProperty({ format: 'date-time' })
  endedAt!: string;
}

/** What a run has made for people to see. */
export class ArtifactDto {
  @ApiProperty({ format: 'uuid' })
  id!: string;

  @ApiProperty({ example: 'email-batch' })
  kind!: string;

  @ApiProperty({ example: 'emails' })
  name!: string;

  @ApiProperty({ type: 'integer' })
  version!: number;

  @ApiProperty({ type: 'integer', description: 'How often the run had gone back to GENERATION by then' })
  round!: number;

  @ApiProperty({ description: 'SHA-256 of the canonical content, hexadecimal' })
  contentHash!: string;

  @ApiProperty({ type: 'object', additionalProperties: true })
  content!: Record<string, unknown>;

  @ApiProperty({ format: 'date-time' })
  createdAt!: string;
}
