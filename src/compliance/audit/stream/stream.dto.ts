import { ApiPropertyOptional, PickType } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsIn, IsInt, IsOptional, Max, Min } from 'class-validator';
import { AuditEventsQuery } from '../audit.dto.js';
import { STREAM_FORMATS, type StreamFormat } from './siem-format.js';

/** What of the trail is to be streamed, from where and in which words. */
export class StreamQuery extends PickType(AuditEventsQuery, [
  'workflowId',
  'sessionId',
  'actor',
  'type',
] as const) {
  /** First place in the log; behind all that is sealed when neither this nor `Last-Event-ID` is given. */
  @ApiPropertyOptional({ type: 'integer' })
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(0)
  @Max(Number.MAX_SAFE_INTEGER)
  fromIndex?: number;

  @ApiPropertyOptional({ enum: STREAM_FORMATS, default: 'countersign' })
  @IsIn(STREAM_FORMATS)
  format: StreamFormat = 'countersign';
}
