import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { AuditFaultDto } from '../audit.dto.js';
import { IsIn, IsInt, IsOptional, IsUUID, Max, Min } from 'class-validator';

const MAX_SIZE = Number.MAX_SAFE_INTEGER;

/** Which leaf is to be proved: one of `eventId` and `index`. */
export class InclusionQuery {
  @ApiPropertyOptional({ format: 'uuid' })
  @IsOptional()
  @IsUUID()
  eventId?: string;

  /** Place in the log, from 0. */
  @ApiPropertyOptional({ type: 'integer' })
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(0)
  @Max(MAX_SIZE)
  index?: number;

  /** Size of the stored checkpoint the proof is to reach; the newest when absent. */
  @ApiPropertyOptional({ type: 'integer' })
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(MAX_SIZE)
  treeSize?: number;
}

/** A place of the log of the instance. */
export class PlaceQuery {
  /** From 0. */
  @ApiProperty({ type: 'integer', minimum: 0 })
  @Type(() => Number)
  @IsInt()
  @Min(0)
  @Max(MAX_SIZE)
  index!: number;

  /** Size of the stored checkpoint the proof is to reach; the newest when absent. */
  @ApiPropertyOptional({ type: 'integer' })
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(MAX_SIZE)
  treeSize?: number;
}

/** Public keys that sign, hexadecimal. */
export class SigningKeysDto {
  @ApiProperty()
  publicKey!: string;

  @ApiProperty({ type: String, nullable: true, description: 'Signs beside it until the overlap is ended' })
  previousPublicKey!: string | null;
}

export class ConsistencyQuery {
  /** The smaller size. */
  @ApiProperty({ type: 'integer', minimum: 1 })
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(MAX_SIZE)
  from!: number;

  /** Size of a stored checkpoint. */
  @ApiProperty({ type: 'integer', minimum: 1 })
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(MAX_SIZE)
  to!: number;
}

/** Shows that a leaf stands at its place in the tree of a signed checkpoint. */
export class InclusionProofDto {
  @ApiProperty({ format: 'uuid' })
  eventId!: string;

  @ApiProperty({ type: 'integer' })
  index!: number;

  @ApiPropertyOptional({
    description: 'The exact bytes of the leaf, base64; absent when retention has removed it',
  })
  leaf?: string;

  @ApiProperty({ description: 'SHA-256(0x00 ‖ leaf), base64' })
  leafHash!: string;

  @ApiProperty({
    type: [String],
    description: 'RFC 6962 audit path, base64, from the sibling of the leaf up',
  })
  proof!: string[];

  @ApiProperty({ description: 'Signed note of the checkpoint that the proof reaches' })
  checkpoint!: string;
}

/** The event has no place in the log yet. */
export class PendingProofDto {
  @ApiProperty({ enum: ['pending'] })
  status!: string;
}

/** Shows that the tree of a signed checkpoint continues a smaller one. */
export class ConsistencyProofDto {
  @ApiProperty({ type: 'integer' })
  from!: number;

  @ApiProperty({ type: 'integer' })
  to!: number;

  @ApiProperty({ type: [String], description: 'RFC 6962 consistency proof, base64' })
  proof!: string[];

  @ApiProperty({ description: 'Signed note of the checkpoint of size `to`' })
  checkpoint!: string;
}

/** Why a log goes on under a new name. Texts of people have no place in the trail. */
export const EPOCH_REASONS = ['restored-backup', 'lost-database', 'damaged-log', 'other'] as const;

const EPOCH_LOGS = ['own', 'instance'] as const;

export class OpenEpochDto {
  @ApiProperty({ enum: EPOCH_REASONS })
  @IsIn(EPOCH_REASONS)
  reason!: (typeof EPOCH_REASONS)[number];

  @ApiPropertyOptional({
    enum: EPOCH_LOGS,
    default: 'own',
    description: 'The log of the tenant, or that of the instance',
  })
  @IsOptional()
  @IsIn(EPOCH_LOGS)
  log: (typeof EPOCH_LOGS)[number] = 'own';
}

/** The log under its new name. */
export class EpochDto {
  @ApiProperty()
  origin!: string;

  @ApiProperty({ type: 'integer' })
  epoch!: number;

  @ApiProperty({ type: 'integer', description: 'Place of the event that says so' })
  index!: number;

  @ApiProperty({ format: 'uuid' })
  eventId!: string;
}

/** A place outside the database that holds checkpoints. */
export class AnchorDto {
  @ApiProperty({ example: 'file' })
  name!: string;

  @ApiProperty({ description: 'Whether nothing is sealed without it' })
  required!: boolean;

  @ApiProperty()
  failing!: boolean;

  @ApiPropertyOptional({ format: 'date-time' })
  lastAnchoredAt?: string;
}

/** Which cosignatures a verifier should ask for. */
export class WitnessPolicyDto {
  @ApiProperty({
    type: [String],
    description: 'C2SP verifier keys; believe them only if they came by another way too',
  })
  vkeys!: string[];

  @ApiProperty({ type: 'integer', description: 'How many of them must have cosigned' })
  quorum!: number;
}

/** What the trail's own check has found. */
export class SelfCheckDto {
  @ApiProperty({ format: 'date-time' })
  checkedAt!: string;

  @ApiPropertyOptional({
    type: String,
    format: 'date-time',
    nullable: true,
    description: 'When all leaves were last read, and found in order',
  })
  wholeAt!: string | null;

  @ApiProperty({ type: 'integer', description: 'Leaves found in order so far' })
  size!: number;

  @ApiProperty({ type: 'integer', description: 'Events read by the last check' })
  events!: number;

  @ApiProperty({ type: [AuditFaultDto] })
  faults!: AuditFaultDto[];
}

/** What a log is, and how it stands. */
export class LogInfoDto {
  @ApiProperty({ format: 'uuid' })
  logId!: string;

  @ApiProperty({ description: 'The name under which checkpoints are signed' })
  origin!: string;

  @ApiProperty({ type: 'integer' })
  epoch!: number;

  @ApiProperty({ type: [String], description: 'Names of all epochs, oldest first' })
  origins!: string[];

  @ApiProperty({ type: [String], description: 'C2SP verifier keys, the current one first' })
  vkeys!: string[];

  @ApiProperty({ description: 'Key of the time signatures of an idle log' })
  cosignerVkey!: string;

  @ApiProperty({ type: 'integer', description: 'Leaves sealed' })
  size!: number;

  @ApiProperty({ type: 'integer', description: 'Leaves that a checkpoint covers' })
  checkpointSize!: number;

  @ApiPropertyOptional({ format: 'date-time', description: 'When that one was signed' })
  checkpointAt?: string;

  @ApiProperty({ type: 'integer', description: 'Leaves below were removed by retention' })
  minimumIndex!: number;

  @ApiProperty({ type: 'integer', description: 'Events that wait for their place' })
  pending!: number;

  @ApiProperty({ type: 'integer', description: 'How long the oldest of them has been waiting' })
  sealLagMs!: number;

  @ApiProperty({ type: [AnchorDto] })
  anchors!: AnchorDto[];

  @ApiProperty({ type: WitnessPolicyDto })
  witnesses!: WitnessPolicyDto;

  @ApiProperty({ type: SelfCheckDto, nullable: true })
  selfCheck!: SelfCheckDto | null;
}
