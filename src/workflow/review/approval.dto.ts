import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';

export const APPROVAL_STATUSES = [
  'pending',
  'approved',
  'rejected',
  'changes_requested',
  'cancelled',
  'expired',
] as const;

/** What one person has decided. */
export class ApprovalDecisionDto {
  @ApiProperty({ description: 'Id of the principal' })
  actorId!: string;

  @ApiProperty({ enum: ['approve', 'reject', 'request_changes'] })
  decision!: string;

  @ApiPropertyOptional()
  comment?: string;

  @ApiProperty({ format: 'date-time' })
  decidedAt!: string;

  @ApiProperty({ type: 'integer', description: 'How long the approval had been there to be looked at' })
  secondsToDecide!: number;
}

/** A say that was handed to somebody else. */
export class DelegationDto {
  @ApiProperty({ description: 'Id of the principal whose say it was' })
  fromActor!: string;

  @ApiProperty({ description: 'Id of the principal who has it now' })
  toActor!: string;

  @ApiPropertyOptional()
  reason?: string;

  @ApiProperty({ format: 'date-time' })
  createdAt!: string;
}

/** A request for approval and what has become of it. */
export class ApprovalDto {
  @ApiProperty({ format: 'uuid' })
  id!: string;

  @ApiProperty({ format: 'uuid' })
  runId!: string;

  @ApiProperty({ format: 'uuid' })
  artifactId!: string;

  @ApiProperty({ description: 'SHA-256 of the content shown, hexadecimal' })
  contentHash!: string;

  @ApiProperty({ description: 'Binds content, action and recipients; delivery computes it again' })
  bindingHash!: string;

  @ApiProperty({ enum: APPROVAL_STATUSES })
  status!: string;

  @ApiProperty({ description: 'Id of the principal that started the run' })
  requesterId!: string;

  @ApiProperty({ description: 'Whether the requester is barred from approving' })
  fourEyes!: boolean;

  @ApiProperty({ type: 'integer' })
  requiredApprovals!: number;

  @ApiProperty({ type: 'integer', description: 'How many rejections end the run' })
  rejectQuorum!: number;

  @ApiProperty({ type: [String], description: 'Roles that may decide' })
  roles!: string[];

  @ApiProperty({ type: [DelegationDto] })
  delegations!: DelegationDto[];

  @ApiProperty({ format: 'date-time', nullable: true, type: String, description: 'When others are asked' })
  escalatesAt!: string | null;

  @ApiProperty({ format: 'date-time', nullable: true, type: String })
  escalatedAt!: string | null;

  @ApiProperty({ type: 'integer', description: 'Reminders that are done with' })
  reminded!: number;

  @ApiProperty({ type: 'integer' })
  round!: number;

  @ApiProperty({ type: [ApprovalDecisionDto] })
  decisions!: ApprovalDecisionDto[];

  @ApiProperty({ format: 'date-time' })
  createdAt!: string;

  @ApiProperty({ format: 'date-time' })
  expiresAt!: string;
}
