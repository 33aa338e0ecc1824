import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsOptional, Matches } from 'class-validator';
import { Impersonal } from '../../http/impersonal.js';
import { InclusionProofDto } from '../audit/log/audit-log.dto.js';
import type { PlaceProof } from '../audit/log/inclusion-proof.js';
import { presentInclusion } from '../audit/log/proof.presenter.js';
import type { Erasure } from './erasure.js';
import type { Restriction } from './restriction.repository.js';

const PURPOSE = /^[a-z0-9][a-z0-9._-]{0,63}$/;

/** `POST /v1/subjects/:subject/withdrawals` */
export class WithdrawDto {
  /** What the person withdraws from; everything when absent. */
  @ApiPropertyOptional({ example: 'email-campaign', pattern: PURPOSE.source })
  @IsOptional()
  @Matches(PURPOSE)
  @Impersonal()
  purpose?: string;
}

/** A withdrawal and what it has stopped. */
export class WithdrawalDto {
  @ApiProperty({ description: 'Reference of the person' })
  subjectRef!: string;

  @ApiProperty({ type: String, nullable: true, description: 'Null = every purpose' })
  purpose!: string | null;

  @ApiProperty({ type: 'integer', description: 'Runs cancelled as a whole' })
  runsCancelled!: number;

  @ApiProperty({ type: 'integer', description: 'Places in runs that go on for others' })
  recipientsLeftOut!: number;
}

/** A restriction as it stands. */
export class RestrictionDto {
  @ApiProperty({ description: 'Reference of the person' })
  subjectRef!: string;

  @ApiProperty({ description: 'Id of the principal' })
  setBy!: string;

  @ApiProperty({ format: 'date-time' })
  setAt!: string;
}

export function restrictionDtoOf({ subjectRef, setBy, setAt }: Restriction): RestrictionDto {
  return { subjectRef, setBy, setAt: setAt.toISOString() };
}

/** What became of an erasure. */
export class ErasureDto {
  @ApiProperty({ format: 'uuid' })
  id!: string;

  @ApiProperty({ description: 'Reference of the person' })
  subjectRef!: string;

  @ApiProperty({ enum: ['requested', 'deferred', 'running', 'completed'] })
  status!: Erasure['status'];

  @ApiProperty({
    enum: ['hold', 'restriction'],
    nullable: true,
    type: String,
    description: 'What it waits for the end of',
  })
  deferredBy!: Erasure['deferredBy'];

  @ApiProperty({ description: 'Id of the principal' })
  requestedBy!: string;

  @ApiProperty({ format: 'date-time' })
  requestedAt!: string;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  keyDestroyedAt!: string | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  completedAt!: string | null;

  @ApiProperty({
    type: 'object',
    additionalProperties: { type: 'integer' },
    description: 'What was removed, by store',
  })
  counts!: Record<string, number>;

  @ApiProperty({
    type: String,
    format: 'date-time',
    nullable: true,
    description:
      'From when on no backup made before can be opened; null while the operator’s key that wrapped the person’s stands',
  })
  backupsUnreadableFrom!: string | null;

  @ApiProperty({ type: String, format: 'uuid', nullable: true, description: 'Audit event `subject.erased`' })
  eventId!: string | null;

  @ApiProperty({
    type: InclusionProofDto,
    nullable: true,
    description: 'Proves that the event stands in the log; null until it is sealed',
  })
  proof!: InclusionProofDto | null;
}

export function erasureDtoOf(erasure: Erasure, proof: PlaceProof | undefined): ErasureDto {
  return {
    id: erasure.id,
    subjectRef: erasure.subjectRef,
    status: erasure.status,
    deferredBy: erasure.deferredBy,
    requestedBy: erasure.requestedBy,
    requestedAt: erasure.requestedAt.toISOString(),
    keyDestroyedAt: erasure.keyDestroyedAt?.toISOString() ?? null,
    completedAt: erasure.completedAt?.toISOString() ?? null,
    counts: { ...erasure.counts },
    backupsUnreadableFrom: erasure.unreadableFrom?.toISOString() ?? null,
    eventId: erasure.eventId,
    proof: proof ? presentInclusion(proof) : null,
  };
}
