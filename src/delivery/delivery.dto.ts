import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsOptional } from 'class-validator';
import { PageQuery } from '../http/paging.js';

const STATUSES = ['pending', 'sending', 'sent', 'failed', 'uncertain'] as const;

/** Filters of `GET /v1/workflows/:id/deliveries`. */
export class ListDeliveriesQuery extends PageQuery {
  @ApiPropertyOptional({ enum: STATUSES })
  @IsOptional()
  @IsIn(STATUSES)
  status?: (typeof STATUSES)[number];
}

/** `POST /v1/deliveries/:id/settle` */
export class SettleDto {
  /** What a person found out about an uncertain delivery; `resend` sends it once more. */
  @ApiProperty({ enum: ['delivered', 'failed', 'resend'] })
  @IsIn(['delivered', 'failed', 'resend'])
  outcome!: 'delivered' | 'failed' | 'resend';
}

/** What became of one message. */
export class DeliveryDto {
  @ApiProperty({ format: 'uuid' })
  id!: string;

  @ApiProperty({ format: 'uuid' })
  runId!: string;

  @ApiProperty({ type: 'integer', description: 'Position of the recipient in the run, from 0' })
  index!: number;

  @ApiProperty({ example: 'outbox' })
  channel!: string;

  @ApiProperty({ description: 'RFC 5322 Message-ID, the same on every attempt' })
  messageId!: string;

  @ApiProperty({ enum: STATUSES })
  status!: (typeof STATUSES)[number];

  @ApiProperty({ type: 'integer' })
  attempts!: number;

  @ApiProperty({ type: String, nullable: true, description: 'Why it failed or is uncertain' })
  detail!: string | null;

  @ApiProperty({ format: 'date-time' })
  createdAt!: string;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  sendingAt!: string | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  settledAt!: string | null;

  @ApiProperty({ type: String, nullable: true, description: '`delivery`, or the id of a principal' })
  settledBy!: string | null;
}
