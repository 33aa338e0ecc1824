import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsIn, IsInt, IsOptional, IsString, IsUUID, Max, MaxLength, Min, MinLength } from 'class-validator';
import { PageQuery } from '../http/paging.js';
import {
  BATCH_STATUSES,
  type BatchStatus,
  type OnError,
  ROW_STATUSES,
  type RowStatus,
  UPLOAD_FORMATS,
} from './batch.js';

/** Query of `POST /v1/workflows/bulk`: what rows that do not say otherwise are started with. */
export class StartBatchQuery {
  /** Name of the workflow definition. */
  @ApiPropertyOptional({ example: 'email-campaign' })
  @IsOptional()
  @IsString()
  @MinLength(1)
  @MaxLength(63)
  definition?: string;

  /** Version of the definition; the newest at the time of the upload when absent. */
  @ApiPropertyOptional({ type: 'integer', minimum: 1 })
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(1_000_000)
  version?: number;

  /** The session that carries the consents. */
  @ApiPropertyOptional({ format: 'uuid' })
  @IsOptional()
  @IsUUID()
  sessionId?: string;

  /** Whether a row that cannot be started stops the rows behind it; with `stop` rows are started one after the other. */
  @ApiPropertyOptional({ enum: ['continue', 'stop'], default: 'continue' })
  @IsIn(['continue', 'stop'])
  onError: OnError = 'continue';
}

/** Filters of `GET /v1/workflows/bulk`. */
export class ListBatchesQuery extends PageQuery {
  @ApiPropertyOptional({ enum: BATCH_STATUSES })
  @IsOptional()
  @IsIn(BATCH_STATUSES)
  status?: BatchStatus;
}

/** Filters of `GET /v1/workflows/bulk/:batchId/rows`. */
export class ListBatchRowsQuery extends PageQuery {
  @ApiPropertyOptional({ enum: ROW_STATUSES })
  @IsOptional()
  @IsIn(ROW_STATUSES)
  status?: RowStatus;
}

/** Answer to an upload: every row of it is stored. */
export class BatchReceiptDto {
  @ApiProperty({ format: 'uuid' })
  batchId!: string;

  @ApiProperty({ type: 'integer', description: 'Rows of the upload, those that cannot be started included' })
  rows!: number;

  @ApiProperty({ type: 'integer', description: 'Rows that cannot be read; `links.failed` tells why' })
  invalid!: number;

  @ApiProperty({ type: 'object', additionalProperties: { type: 'string' } })
  links!: Record<string, string>;
}

export class RowCountsDto {
  @ApiProperty({ type: 'integer' })
  total!: number;

  @ApiProperty({ type: 'integer', description: 'Rows that have a run' })
  started!: number;

  @ApiProperty({ type: 'integer', description: 'Rows that could not be read or were refused' })
  failed!: number;

  @ApiProperty({ type: 'integer', description: 'Rows that are still to be started' })
  pending!: number;

  @ApiProperty({ type: 'integer', description: 'Rows that will not be started' })
  cancelled!: number;
}

export class RunCountsDto {
  @ApiProperty({ type: 'integer' })
  completed!: number;

  @ApiProperty({ type: 'integer' })
  failed!: number;

  @ApiProperty({ type: 'integer' })
  rejected!: number;

  @ApiProperty({ type: 'integer' })
  cancelled!: number;

  @ApiProperty({ type: 'integer', description: 'Runs that have not ended; counted with a delay of seconds' })
  open!: number;
}

/** A batch and how far it has come. */
export class BatchDto {
  @ApiProperty({ format: 'uuid' })
  id!: string;

  @ApiProperty({
    enum: BATCH_STATUSES,
    description: 'COMPLETED: every row was started or has failed; runs may go on until `settledAt`',
  })
  status!: BatchStatus;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'Why it ended early: REQUESTED, ROW_FAILED, UPLOAD_BROKEN, UPLOAD_REFUSED, UPLOAD_LOST',
  })
  endReason!: string | null;

  @ApiProperty({ enum: UPLOAD_FORMATS })
  format!: string;

  @ApiProperty({ enum: ['continue', 'stop'] })
  onError!: string;

  @ApiProperty({ description: 'Id of the API key that uploaded it' })
  ownerId!: string;

  @ApiProperty({ type: String, nullable: true })
  definition!: string | null;

  @ApiProperty({ type: 'integer', nullable: true })
  version!: number | null;

  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  sessionId!: string | null;

  @ApiProperty({ type: RowCountsDto })
  rows!: RowCountsDto;

  @ApiProperty({ type: RunCountsDto })
  runs!: RunCountsDto;

  @ApiProperty({ format: 'date-time' })
  createdAt!: string;

  @ApiProperty({
    type: String,
    format: 'date-time',
    nullable: true,
    description: 'When its first row was taken up',
  })
  startedAt!: string | null;

  @ApiProperty({
    type: String,
    format: 'date-time',
    nullable: true,
    description: 'When nothing was left to start',
  })
  completedAt!: string | null;

  @ApiProperty({
    type: String,
    format: 'date-time',
    nullable: true,
    description: 'When its last run had ended',
  })
  settledAt!: string | null;

  @ApiProperty({ type: 'object', additionalProperties: { type: 'string' } })
  links!: Record<string, string>;
}

export class RowErrorDto {
  @ApiProperty({ example: 'input.recipients.0.email' })
  path!: string;

  @ApiProperty()
  message!: string;
}

/** What became of one row; never what it holds. */
export class BatchRowDto {
  @ApiProperty({ type: 'integer', description: 'Position in the upload, from 1; a header is not counted' })
  row!: number;

  @ApiProperty({ type: 'integer', description: 'Line of the upload on which it begins, from 1' })
  line!: number;

  @ApiProperty({ enum: ROW_STATUSES })
  status!: RowStatus;

  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  runId!: string | null;

  @ApiProperty({ type: String, nullable: true, description: 'Code of the error catalogue' })
  code!: string | null;

  @ApiProperty({ type: String, nullable: true })
  detail!: string | null;

  @ApiProperty({ type: [RowErrorDto] })
  errors!: RowErrorDto[];

  @ApiProperty({
    type: 'array',
    items: { type: 'object' },
    description: 'With TRANSITION_DENIED: the rules that said no',
  })
  violations!: object[];
}
