import { ApiPropertyOptional, PickType } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsIn, IsInt, IsOptional, Max, Min } from 'class-validator';
import { AuditEventsQuery } from '../audit.dto.js';
import { STREAM_FORMATS, type StreamFormat } from '../stream/siem-format.js';

/** What an export is to hold: a stretch of the log by index, or what passes filters. Not both. */
export class ExportQuery extends PickType(AuditEventsQuery, [
  'workflowId',
  'sessionId',
  'actor',
  'type',
  'from',
  'to',
] as const) {
  /** First place in the log, inclusive; the first that is kept when absent. */
  @ApiPropertyOptional({ type: 'integer' })
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(0)
  @Max(Number.MAX_SAFE_INTEGER)
  fromIndex?: number;

  /** Last place, exclusive; the size of the log when absent. */
  @ApiPropertyOptional({ type: 'integer' })
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(Number.MAX_SAFE_INTEGER)
  toIndex?: number;

  /** A size of the log that you have a checkpoint of: the export then shows that the log continues it. */
  @ApiPropertyOptional({ type: 'integer' })
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(Number.MAX_SAFE_INTEGER)
  consistentWith?: number;

  /** Whether a stretch of the log holds the checkpoints signed within it. */
  @ApiPropertyOptional({ type: 'boolean', default: false })
  @IsOptional()
  @IsIn(['true', 'false'])
  checkpoints?: 'true' | 'false';

  /** Whether personal values are handed out, with what opens their commitments; asks for `audit.disclose`. */
  @ApiPropertyOptional({ type: 'boolean', default: false })
  @IsOptional()
  @IsIn(['true', 'false'])
  disclose?: 'true' | 'false';

  /** `countersign` can be verified; the others are for collectors and prove nothing. */
  @ApiPropertyOptional({ enum: STREAM_FORMATS, default: 'countersign' })
  @IsIn(STREAM_FORMATS)
  format: StreamFormat = 'countersign';
}
