import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsOptional, IsString, IsUUID, MaxLength } from 'class-validator';
import { IsInstant } from '../../http/is-instant.js';
import { PageQuery } from '../../http/paging.js';

/** Filters of the audit trail; all that are given must hold. */
export class AuditEventsQuery extends PageQuery {
  /** Run id. */
  @ApiPropertyOptional({ format: 'uuid' })
  @IsOptional()
  @IsUUID()
  workflowId?: string;

  @ApiPropertyOptional({ format: 'uuid' })
  @IsOptional()
  @IsUUID()
  sessionId?: string;

  /** Reference of the actor: the id of a principal, the name of an agent. */
  @ApiPropertyOptional()
  @IsOptional()
  @IsString()
  @MaxLength(200)
  actor?: string;

  /** Event type, for example `workflow.transition`. */
  @ApiPropertyOptional()
  @IsOptional()
  @IsString()
  @MaxLength(100)
  type?: string;

  /** Earliest time, inclusive (ISO 8601). */
  @ApiPropertyOptional({ format: 'date-time' })
  @IsOptional()
  @IsInstant()
  from?: string;

  /** Latest time, exclusive (ISO 8601). */
  @ApiPropertyOptional({ format: 'date-time' })
  @IsOptional()
  @IsInstant()
  to?: string;
}

/** A recorded leaf with its hash. Further members stand where they mean something. */
export class AuditEventDto {
  @ApiProperty({ format: 'uuid' })
  id!: string;

  @ApiProperty({ type: 'integer', description: 'Version of the form of the leaf' })
  v!: number;

  @ApiProperty({ description: 'The tenant' })
  log!: string;

  @ApiProperty({ example: 'workflow.transition' })
  type!: string;

  @ApiProperty({ enum: ['fact', 'intent', 'outcome'] })
  stage!: string;

  @ApiProperty({ enum: ['success', 'failure', 'denied', 'unknown'] })
  outcome!: string;

  @ApiProperty({ format: 'date-time' })
  occurredAt!: string;

  @ApiProperty({ type: 'object', additionalProperties: { type: 'string' } })
  actor!: Record<string, string>;

  @ApiPropertyOptional({
    type: 'object',
    additionalProperties: true,
    description: 'Place in the chain of its run: `id`, `seq`, `prev`, `phase`',
  })
  run?: Record<string, unknown>;

  @ApiProperty({ description: 'SHA-256(0x00 ‖ leaf), base64' })
  leafHash!: string;
}

/** A place where the trail is not what it must be. */
export class AuditFaultDto {
  @ApiProperty({ type: String, nullable: true })
  eventId!: string | null;

  @ApiProperty({ type: String, nullable: true })
  runId!: string | null;

  @ApiProperty({ example: 'leaf_hash_differs' })
  reason!: string;

  @ApiProperty()
  message!: string;
}

/** What a check of the trail found. */
export class VerificationDto {
  @ApiProperty()
  valid!: boolean;

  @ApiProperty({ type: 'integer', description: 'Events in the log' })
  treeSize!: number;

  @ApiProperty({ description: 'RFC 6962 root over the events in log order, base64' })
  rootHash!: string;

  @ApiProperty({ type: 'integer' })
  checkedEvents!: number;

  @ApiProperty({ type: [AuditFaultDto], description: 'At most 100' })
  faults!: AuditFaultDto[];
}
