import { ApiProperty, ApiPropertyOptional, PickType } from '@nestjs/swagger';
import { IsBoolean, IsInt, IsOptional, Max, Min } from 'class-validator';
import { AuditEventsQuery } from '../audit/audit.dto.js';
import { type AuditExport, EXPORT_STATUSES } from './audit-export.js';

/** `POST /v1/audit/exports`: a stretch of the log by index, or what passes filters. Not both. */
export class CreateAuditExportDto extends PickType(AuditEventsQuery, [
  'workflowId',
  'sessionId',
  'actor',
  'type',
  'from',
  'to',
] as const) {
  @ApiPropertyOptional({ type: 'integer', description: 'First place in the log, inclusive' })
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(Number.MAX_SAFE_INTEGER)
  fromIndex?: number;

  @ApiPropertyOptional({ type: 'integer', description: 'Last place, exclusive' })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(Number.MAX_SAFE_INTEGER)
  toIndex?: number;

  @ApiPropertyOptional({
    type: 'integer',
    description:
      'A size of the log that you have a checkpoint of: the export then shows that the log continues it',
  })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(Number.MAX_SAFE_INTEGER)
  consistentWith?: number;

  @ApiPropertyOptional({ default: false, description: 'Whether it holds the checkpoints signed within it' })
  @IsOptional()
  @IsBoolean()
  checkpoints?: boolean;
}

/** How an export stands. */
export class AuditExportDto {
  @ApiProperty({ format: 'uuid' })
  id!: string;

  @ApiProperty({ enum: EXPORT_STATUSES })
  status!: string;

  @ApiProperty({ description: 'Id of the principal' })
  requestedBy!: string;

  @ApiProperty({ type: 'object', additionalProperties: true, description: 'What it is to hold' })
  request!: Record<string, unknown>;

  @ApiProperty({
    type: 'object',
    additionalProperties: true,
    description: 'Places of the log: `from`, `to`, `next`, and the share that is done, 0 to 1',
  })
  progress!: Record<string, number | null>;

  @ApiProperty({ type: String, nullable: true, description: 'Why it has failed' })
  code!: string | null;

  @ApiProperty({ type: 'integer', nullable: true, description: 'Size of the file' })
  bytes!: number | null;

  @ApiProperty({ type: String, nullable: true, description: 'SHA-256 of the file, hexadecimal' })
  sha256!: string | null;

  @ApiProperty({ format: 'date-time' })
  createdAt!: string;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  startedAt!: string | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  completedAt!: string | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true, description: 'When the file is removed' })
  expiresAt!: string | null;

  @ApiProperty({ type: 'object', additionalProperties: { type: 'string' } })
  links!: Record<string, string>;
}

export function auditExportDtoOf(made: AuditExport): AuditExportDto {
  const { id, status, requestedBy, request, fromIndex, toIndex, nextIndex, code, bytes, digest } = made;
  const { filters, ...stretch } = request;
  const self = `/v1/audit/exports/${id}`;
  return {
    id,
    status,
    requestedBy,
    request: { ...filters, ...stretch },
    progress: {
      from: fromIndex,
      to: toIndex,
      next: nextIndex,
      share: shareOf(fromIndex, toIndex, nextIndex),
    },
    code,
    bytes,
    sha256: digest?.toString('hex') ?? null,
    createdAt: made.createdAt.toISOString(),
    startedAt: made.startedAt?.toISOString() ?? null,
    completedAt: made.completedAt?.toISOString() ?? null,
    expiresAt: made.expiresAt?.toISOString() ?? null,
    links: { self, ...(status === 'COMPLETED' && { file: `${self}/file` }) },
  };
}

function shareOf(from: number | null, to: number | null, next: number | null): number {
  if (from === null || to === null || next === null || to <= from) return 0;
  return Math.round(((next - from) / (to - from)) * 1_000) / 1_000;
}
